"""Blueprints whose bodies are read by orjson: it refuses what is not JSON (NaN, lone surrogates, endless nesting)."""

import json
from typing import Any

import flask_smorest
import orjson
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser


class _Parser(FlaskParser):
    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data()
        if not req.is_json or not body:
            return missing
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            # webargs takes an error without a document, which orjson gives for what is not UTF-8, for an empty body.
            raise json.JSONDecodeError(error.msg, doc="not JSON", pos=0) from None


class Blueprint(flask_smorest.Blueprint):
    ARGUMENTS_PARSER = _Parser()

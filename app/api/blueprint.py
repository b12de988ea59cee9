"""Blueprints whose bodies are read by orjson: it refuses what is not JSON (NaN, lone surrogates, endless nesting)."""

from typing import Any

import flask_smorest
import orjson
from flask import Request
from webargs.flaskparser import FlaskParser


class _Parser(FlaskParser):  # type: ignore[type-arg]
    def _raw_load_json(self, req: Request) -> Any:
        return orjson.loads(req.get_data())


class Blueprint(flask_smorest.Blueprint):
    ARGUMENTS_PARSER = _Parser()

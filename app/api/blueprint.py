"""Blueprints that read bodies with orjson, and describe each call in full."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import flask_smorest
import orjson
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser

from app.api import descriptions
from app.api.auth import note

View = TypeVar("View", bound=Callable[..., Any])


class _Parser(FlaskParser):
    """orjson refuses what is not JSON: NaN, lone surrogates, endless nesting."""

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

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepare_doc_cbks.append(descriptions.describe)

    def raises(self, *errors: type[Exception]) -> Callable[[View], View]:
        """Say for the description which errors of app/api/errors.py a view may raise."""
        return lambda view: note(view, raises=errors)

    def _store_endpoint_docs(self, endpoint: str, obj: Any, *args: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, *args, **options)
        for method, info in self._docs[endpoint].items():
            if method != "parameters":
                info["operation_id"] = obj.__name__

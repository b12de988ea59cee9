"""Blueprints that read bodies with orjson, and describe each call completely."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import flask_smorest
import orjson
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser

from app.api import bodies, descriptions
from app.api.auth import note

View = TypeVar("View", bound=Callable[..., Any])


class _Parser(FlaskParser):
    """orjson refuses what is not JSON: NaN, lone surrogates, unlimited nesting."""

    def _raw_load_json(self, req: Request) -> Any:
        if not req.is_json or not (body := bodies.read(req)):
            return missing
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            # orjson's error for invalid UTF-8 has no document, and webargs would treat that as an empty body.
            raise json.JSONDecodeError(error.msg, doc="not JSON", pos=0) from None


class Blueprint(flask_smorest.Blueprint):
    ARGUMENTS_PARSER = _Parser(unknown=None)  # each schema says itself what becomes of unknown fields

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepare_doc_cbks.append(descriptions.describe)

    def raises(self, *errors: type[Exception]) -> Callable[[View], View]:
        """Declare, for the OpenAPI document, which errors of app/api/errors.py a view may raise."""
        return lambda view: note(view, raises=errors)

    def _store_endpoint_docs(self, endpoint: str, obj: Any, *args: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, *args, **options)
        for method, info in self._docs[endpoint].items():
            if method != "parameters":
                info["operation_id"] = obj.__name__

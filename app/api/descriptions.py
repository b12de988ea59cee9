"""What the OpenAPI document says of each call beyond its fields: who may call, and how it fails."""

from typing import Any

from app.api import errors

# By status: what it means, and an answer.
Failures = dict[int, tuple[str, dict[str, Any]]]

_OF_EACH_CALL: Failures = {503: ("unavailable", {"message": "the database is unavailable, try again"})}
_WITH_TOKEN: Failures = {401: ("no token, or not a good one", {"message": "the token has expired"})}
_WITH_QUERY: Failures = {
    422: ("a field is wrong", {"message": "a field is wrong", "errors": {"limit": ["Not a valid integer."]}}),
}
_WITH_BODY: Failures = {
    400: ("not JSON", {"message": "the body is not valid JSON"}),
    413: ("too large", {"message": errors.MESSAGES[413]}),
    415: ("not called JSON", {"message": errors.NOT_JSON}),
    422: ("a field is wrong", {"message": "a field is wrong", "errors": {"name": ["Not a valid string."]}}),
}
_HEADERS = {
    401: {"WWW-Authenticate": {"description": "the kind of token: Bearer", "schema": {"type": "string"}}},
    503: {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}},
}


def describe(doc: dict[str, Any], info: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Add to an operation what flask-smorest does not know of. `info` is what the view's decorators noted."""
    failures = dict(_OF_EACH_CALL)
    if doc.get("parameters"):
        failures |= _WITH_QUERY
    if "requestBody" in doc:
        failures |= _WITH_BODY
    if info.get("needs_token"):
        doc["security"] = [{"bearer": []}]
        failures |= _WITH_TOKEN
    doc["operationId"] = info["operation_id"]
    raised = [
        (status, (message, {"message": message}))
        for status, message in map(errors.STATUS.__getitem__, info.get("raises", ()))
    ]
    doc["responses"] = {str(status): response for status, response in doc["responses"].items()}
    for status in sorted({*failures, *(status for status, _ in raised)}):
        cases = [case for of, case in (*failures.items(), *raised) if of == status]
        doc["responses"][str(status)] = _response(status, cases)
    return doc


def _response(status: int, cases: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    examples = {meaning: {"value": example} for meaning, example in cases}
    content = {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}, "examples": examples}
    response: dict[str, Any] = {"description": "; ".join(examples), "content": {"application/json": content}}
    return {**response, "headers": _HEADERS[status]} if status in _HEADERS else response

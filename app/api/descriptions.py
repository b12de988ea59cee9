"""Adds to the OpenAPI document which token each call needs, and how it can fail."""

from typing import Any

from app.api import cross_origin, errors, limits

# By status: its meaning, and an example of the answer.
Failures = dict[int, tuple[str, dict[str, Any]]]

_OF_EACH_CALL: Failures = {
    403: ("foreign page", {"message": cross_origin.FORBIDDEN}),
    429: ("too often", {"message": limits.MESSAGES["user"]}),
    503: ("unavailable", {"message": "the database is unavailable, try again"}),
}
_WITH_TOKEN: Failures = {401: ("missing or invalid token", {"message": "the token has expired"})}
_WHO_MAY_NOT: Failures = {403: ("who may not", {"message": "this call is for other services, which have a key"})}
_WITH_QUERY: Failures = {
    422: ("a field is wrong", {"message": "a field is wrong", "errors": {"limit": ["Not a valid integer."]}}),
}
_WITH_BODY: Failures = {
    400: ("not JSON", {"message": "the body is not valid JSON"}),
    413: ("too large", {"message": errors.MESSAGES[413]}),
    415: ("wrong Content-Type", {"message": errors.NOT_JSON}),
    422: ("a field is wrong", {"message": "a field is wrong", "errors": {"name": ["Not a valid string."]}}),
}
_RETRY_AFTER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
_HEADERS = {
    401: {"WWW-Authenticate": {"description": "the kind of token: Bearer", "schema": {"type": "string"}}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def describe(doc: dict[str, Any], info: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Add to an operation what flask-smorest does not know. `info` has what the decorators of the view have stored."""
    failures = dict(_OF_EACH_CALL)
    if doc.get("parameters"):
        failures |= _WITH_QUERY
    if "requestBody" in doc:
        failures |= _WITH_BODY
    if schemes := info.get("schemes"):
        doc["security"] = [{scheme: []} for scheme in schemes]
        failures |= _WITH_TOKEN
    if not {"refresh_cookie", "service_key"}.isdisjoint(info.get("schemes", ())):
        failures |= _WHO_MAY_NOT
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

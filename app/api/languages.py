"""In which languages a caller reads."""

from flask import Response, request

_MOST = 10  # of Accept-Language


def of_caller() -> list[str]:
    """Return the languages of Accept-Language, the best first."""
    return list(request.accept_languages.values())[:_MOST]


def vary(response: Response) -> Response:
    """Tell caches that the answer depends on the languages."""
    response.vary.add("Accept-Language")
    return response

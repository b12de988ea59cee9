"""The name of a device for its user, from what its client says of itself."""

import ua_parser


def name_device(user_agent: str) -> str:
    """Return a name such as `Chrome on Android`; '' if the header User-Agent says nothing that is known."""
    found = ua_parser.parse(user_agent)
    parts = (found.user_agent, found.os)
    return " on ".join(part.family for part in parts if part is not None)

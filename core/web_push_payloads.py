"""What a web push carries: the notification as its user reads it, within the 4 KB that push services take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from core import declarations, group_texts, payloads, texts, web_push_rules
from core.profiles import Profile
from core.vapid import decode
from core.web_push_encryption import encrypt
from core.web_pushes import Claim

# Bytes of JSON. A title and two addresses then leave more than 500 for all else.
_LONGEST_TITLE = 1400  # far more than any device shows
_LONGEST_ADDRESS = 1000
_MORE = {"en": "and {count} more", "zh": "另有 {count} 条"}


@dataclass(frozen=True, slots=True)
class Message:
    """A call to a push service, but for the header that authorizes it."""

    endpoint: str
    headers: dict[str, str]
    body: bytes


def build(claim: Claim, actors: Mapping[str, Profile], *, default_photo: str) -> Message:
    """Build and encrypt a web push; raise payloads.UnknownEvent, payloads.InvalidData, or ValueError for a bad key."""
    row = claim.row
    event = declarations.find(row.event).declaration
    data = payloads.build(row, actors, default_photo=default_photo)
    text = orjson.dumps(_shown(claim, event, data))
    headers = {
        "TTL": str(max(0, web_push_rules.seconds_left(row))),
        "Urgency": event.urgency,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        # A newer one of the same group replaces this one while the device is off.
        **({"Topic": claim.topic} if event.group else {}),
    }
    return Message(row.endpoint, headers, encrypt(text, device_key=decode(row.p256dh), auth=decode(row.auth)))


def _shown(claim: Claim, event: declarations.Declaration, data: Mapping[str, object]) -> dict[str, Any]:
    """Return what the page's service worker shows. A text is shortened; an address is whole or left out."""
    language = claim.row.language
    photo = data.get("user_photo")
    of_group = group_texts.text_for(event.group_text, data, claim.actor_count, [language])
    title = of_group or texts.text_for(event.text, data, [language]) or event.name
    is_more = claim.count and not of_group
    return {
        "id": claim.row.notification_id,
        "event": event.name,
        "title": _shorten(title),
        "body": texts.text_for(_MORE, {"count": claim.count}, [language]) if is_more else "",
        "lang": texts.choose(event.text, [language]) or "",
        "icon": _whole(photo if isinstance(photo, str) else None),
        "url": _whole(texts.fill_link(event.link, data) if event.link else None),
        "tag": claim.topic,
        "timestamp": claim.row.created_at,
    }


def _shorten(title: str) -> str:
    most = _LONGEST_TITLE
    while len(orjson.dumps(title)) > _LONGEST_TITLE:  # a character may take six bytes of JSON
        title = texts.shorten(title, most)
        most //= 2
    return title


def _whole(address: str | None) -> str | None:
    return address if address is not None and len(orjson.dumps(address)) <= _LONGEST_ADDRESS else None

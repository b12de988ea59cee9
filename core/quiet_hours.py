"""Quiet hours: a part of each day in which a user wants no sounds and no toasts, by the clock on the user's wall."""

import re
from datetime import datetime
from functools import cache, lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones, as IANA has them: Asia/Shanghai. The first call reads many files."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in zones():
        raise ValueError("Not the name of a time zone, such as Asia/Shanghai.")
    return name


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("Should be a time as HH:MM.")
    return text


Time = Annotated[str, AfterValidator(_time)]
Zone = Annotated[str, AfterValidator(_zone)]


@lru_cache(maxsize=1000)  # many users of a batch share a zone
def _furthest(zone: str, minute: int) -> str:
    """Return how far the clock of a zone has come at a minute in Unix time."""
    local = datetime.fromtimestamp(60 * minute, ZoneInfo(zone))
    if local.fold:  # it was set back
        return _furthest(zone, minute - 1)
    return f"{local.hour:02}:{local.minute:02}"


class QuietHours(BaseModel):
    """From one time of the day to another, which may be on the next day. The minute `end` does not belong to them."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", serialize_by_alias=True)

    start: Time = Field(alias="from")
    end: Time = Field(alias="to")
    zone: Zone

    @model_validator(mode="after")
    def _has_a_length(self) -> "QuietHours":
        if self.start == self.end:
            raise ValueError("Should end at another time than they begin.")
        return self

    def hold(self, at: float) -> bool:
        """Say whether a moment, in Unix seconds, is within them.

        Each night has one stretch of them. A time that a clock skips in spring has come when the clock has skipped it.
        A time that comes twice in autumn has come the first time.
        """
        now = _furthest(self.zone, int(at // 60))
        if self.start < self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end

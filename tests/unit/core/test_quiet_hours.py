"""Quiet hours by the clock on the wall, also on the days on which it is changed."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.quiet_hours import QuietHours

# Ordinary ones, and those that change at midnight, by half an hour, in the southern autumn, or not by whole hours.
ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
]
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
YEAR = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


def hours(start: str, end: str, zone: str = "Europe/Berlin") -> QuietHours:
    return QuietHours.model_validate({"from": start, "to": end, "zone": zone})


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@cache
def changes(zone: str) -> list[int]:
    """The minutes of the year at which the clocks of a zone are changed."""
    offsets = [datetime.fromtimestamp(YEAR + 3600 * hour, ZoneInfo(zone)).utcoffset() for hour in range(24 * 365)]
    return [60 * hour for hour in range(1, len(offsets)) if offsets[hour] != offsets[hour - 1]]


def model(start: str, end: str, zone: str, at: int) -> bool:
    """Look at the clock in each of the last minutes, and at the quiet hours of three days."""
    shown = (datetime.fromtimestamp(at - 60 * minute, ZoneInfo(zone)).replace(tzinfo=None) for minute in range(200))
    furthest = max(shown)
    for day in (furthest.date() + timedelta(days=days) for days in (-1, 0, 1)):
        begin, finish = (datetime.fromisoformat(f"{day}T{time}") for time in (start, end))
        if start > end:
            finish += timedelta(days=1)
        if begin <= furthest < finish:
            return True
    return False


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, str, str, int]:
    """Quiet hours and a moment. It is often near a change of the clocks, and they often begin or end near it."""
    zone = draw(st.sampled_from(ZONES))
    near = [st.integers(-240, 240).map(lambda minute, change=change: change + minute) for change in changes(zone)]
    at = YEAR + 60 * draw(st.one_of(*near, st.integers(0, 60 * 24 * 364)))
    nearby = st.integers(-90, 90).map(
        lambda minute: f"{datetime.fromtimestamp(at + 60 * minute, ZoneInfo(zone)):%H:%M}"
    )
    start, end = draw(st.one_of(nearby, TIMES)), draw(st.one_of(nearby, TIMES))
    hypothesis.assume(start != end)
    return start, end, zone, at


@given(cases())
def test_quiet_hours_are_those_of_a_simple_model(case: tuple[str, str, str, int]) -> None:
    *quiet, at = case

    assert hours(*quiet).hold(at) == model(*case)


@pytest.mark.parametrize(
    ("at", "is_quiet"),
    [
        ("2026-06-01T21:59:59+08:00", False),
        ("2026-06-01T22:00:00+08:00", True),
        ("2026-06-02T06:59:59+08:00", True),
        ("2026-06-02T07:00:00+08:00", False),
    ],
)
def test_night_ends_on_the_next_day(at: str, is_quiet: bool) -> None:
    assert hours("22:00", "07:00", "Asia/Shanghai").hold(moment(at)) == is_quiet


@pytest.mark.parametrize(
    ("start", "at", "is_quiet"),
    [
        ("02:30", "2026-03-29T00:59:00+00:00", False),  # 01:59, and the next minute is 03:00
        ("02:30", "2026-03-29T01:00:00+00:00", True),
        ("02:30", "2026-10-25T00:30:00+00:00", True),  # 02:30 for the first time
        ("02:30", "2026-10-25T01:10:00+00:00", True),  # 02:10 for the second time
    ],
)
def test_skipped_and_repeated_hours_break_no_night(start: str, at: str, is_quiet: bool) -> None:
    assert hours(start, "06:00").hold(moment(at)) == is_quiet


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from": "24:00"}, "from"),
        ({"from": "7:00"}, "from"),
        ({"to": "07:60"}, "to"),
        ({"to": "07:00\n"}, "to"),
        ({"to": "\u0660\u0667:\u0660\u0660"}, "to"),
        ({"to": None}, "to"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"zone": "../etc/passwd"}, "zone"),
        ({"zone": "europe/berlin"}, "zone"),
        ({"zone": ""}, "zone"),
    ],
)
def test_what_is_no_time_and_no_zone_is_refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        QuietHours.model_validate({"from": "22:00", "to": "07:00", "zone": "Europe/Berlin", **change})

    assert [part["loc"] for part in raised.value.errors()] == [(field,)]


def test_hours_without_a_length_are_refused() -> None:
    with pytest.raises(ValidationError, match="end at another time"):
        hours("22:00", "22:00")

"""Days and hours of a week, on a clock at the wall: when something holds that comes back every week; pure."""

import re
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 24 * 60
WEEK = 7 * DAY

_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Hours(NamedTuple):
    """opens: minutes after midnight. length: minutes, beyond midnight too."""

    opens: int
    length: int


ALL_DAY = Hours(0, DAY)


def hours_of(text: str) -> Hours:
    """Of `HH:MM-HH:MM`, the end not included; one that is not behind the beginning is of the next day. Raises
    ValueError."""
    if not text:
        return ALL_DAY
    found = _HOURS.fullmatch(text)
    numbers = [int(part) for part in found.groups()] if found else []
    opens, closes = (numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]) if found else (DAY, 0)
    if opens >= DAY or closes > DAY or opens == closes:
        raise ValueError(f'hours "{text}" is none such as 08:00-12:30, or 22:00-06:00 beyond midnight')
    return Hours(opens, (closes - opens) % DAY or DAY)


def holds(weekdays: frozenset[Weekday], hours: Hours, minute: int) -> bool:
    """minute: of the week, from Monday 00:00. weekdays: on which the hours begin; empty for all."""
    days = (day for day, name in enumerate(Weekday) if not weekdays or name in weekdays)
    return any((minute - day * DAY - hours.opens) % WEEK < hours.length for day in days)


def minute_of(moment: int, zone: tzinfo | None) -> int:
    """The minute of the week, from Monday 00:00. moment: milliseconds. zone: None for UTC."""
    local = datetime.fromtimestamp(moment / 1000, zone or UTC)
    return local.weekday() * DAY + local.hour * 60 + local.minute


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo | None:
    """Of an IANA name; None where there is none such."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None

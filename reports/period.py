"""The period of a bulletin: an ISO week, or any run of days; always by `published`, the notifying calendar."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from reports.words import Words, long_date

_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})")
MAX_DAYS = 366


class PeriodError(ValueError):
    """No such week, or the days are turned round."""


@dataclass(frozen=True)
class Period:
    """Both days included."""

    start: dt.date
    end: dt.date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise PeriodError(f"the period ends ({self.end}) before it begins ({self.start})")
        if (self.end - self.start).days >= MAX_DAYS:
            raise PeriodError(f"the period is longer than {MAX_DAYS} days: {self.start} to {self.end}")

    def __contains__(self, day: object) -> bool:
        return isinstance(day, dt.date) and self.start <= day <= self.end

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def is_week(self) -> bool:
        return self.days == 7 and self.start.weekday() == 0

    @property
    def key(self) -> str:
        """`2026-W46`, or `2025-06-04` / `2025-06-04_2025-06-10`: what files and issues are named by."""
        if self.is_week:
            year, number, _ = self.start.isocalendar()
            return f"{year}-W{number:02d}"
        return self.start.isoformat() if self.days == 1 else f"{self.start}_{self.end}"

    @property
    def number(self) -> Words:
        """期号: the week of the year, or the days."""
        if self.is_week:
            year, week, _ = self.start.isocalendar()
            return Words(f"{year}年第{week}期", f"No. {week} of {year}")
        return Words("专期", "special issue")

    @property
    def words(self) -> Words:
        first, last = long_date(self.start), long_date(self.end)
        if self.days == 1:
            return first
        zh = last.zh if self.start.year != self.end.year else last.zh.partition("年")[2]
        return Words(f"{first.zh}至{zh}", f"{first.en} to {last.en}")

    def before(self) -> Period:
        """The days of the same number just before."""
        step = dt.timedelta(days=self.days)
        return Period(self.start - step, self.end - step)

    def year_before(self) -> Period:
        """The same ISO week of the year before (week 53 → 52), or the same days of the calendar."""
        if self.is_week:
            year, number, _ = self.start.isocalendar()
            return week(f"{year - 1}-W{min(number, _weeks_of(year - 1)):02d}")
        return Period(_year_earlier(self.start), _year_earlier(self.end))


def week(text: str) -> Period:
    """`2026-W46` (Monday to Sunday). Raises PeriodError."""
    found = _WEEK.fullmatch(text.strip().upper())
    if not found:
        raise PeriodError(f"{text!r} is no ISO week: write 2026-W46")
    year, number = int(found[1]), int(found[2])
    try:
        monday = dt.date.fromisocalendar(year, number, 1)
    except ValueError as error:
        raise PeriodError(f"{text!r} is no ISO week: {error}") from error
    return Period(monday, monday + dt.timedelta(days=6))


def week_of(day: dt.date) -> Period:
    """The ISO week that holds `day`."""
    monday = day - dt.timedelta(days=day.weekday())
    return Period(monday, monday + dt.timedelta(days=6))


def _weeks_of(year: int) -> int:
    return dt.date(year, 12, 28).isocalendar()[1]


def _year_earlier(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)

"""Values with an order, as people write them: days, HS codes, rungs of a scale; single, `a..b`, `<`, `<=`, `>`, `>=`."""

from __future__ import annotations

import calendar
import datetime as dt
import re

from index.expression import Days, Filter, QueryError
from index.fields import DateField, FieldName, UnknownValue, value_of
from nlp.assessment import MEASURES
from nlp.text import fold

#: Scales with an order, mildest first.
SCALES: dict[str, tuple[str, ...]] = {
    "severity": ("none", "low", "medium", "high"),
    "level": ("green", "yellow", "red"),
    "measure": MEASURES,
}
_COMPARED = re.compile(r"(<=|>=|<|>|≤|≥|不超过|不少于)\s*(.+)", re.DOTALL)
_BETWEEN = re.compile(r"(.*?)\s*(?:\.\.+|…|至|~)\s*(.*)", re.DOTALL)
_COUNT = re.compile(r"(\d{1,5})\s*(d|days?|天|日|w|weeks?|周|m|months?|个?月|y|years?|年)")
_UNITS = {"d": 1, "天": 1, "日": 1, "w": 7, "周": 7, "m": 30, "个": 30, "月": 30, "y": 365, "年": 365}
_DATE = re.compile(r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2}))?(?:\s*[-/.月]\s*(\d{1,2}))?\s*[年月日]?")
_SIGNS = {"≤": "<=", "≥": ">=", "不超过": "<=", "不少于": ">="}
MAX_HS_RANGE = 1300  # there are 1,229 headings


def date_filter(field: DateField, written: str, at: int) -> Filter:
    """`<30d`, `2026-11`, `2026-11-01..2026-12-31`, `>=2026`, `今天`, `any`, `none`. Raises QueryError at `at`."""
    text = fold(written).text.strip()
    if text in {"any", "*", "有"} or text in {"none", "无"}:
        return Filter(field=field, filled=text in {"any", "*", "有"})
    compared = _COMPARED.fullmatch(text)
    if compared:
        sign = _SIGNS.get(compared[1], compared[1])
        count = _days(compared[2])
        if count is not None:
            if sign == "<" and count == 0:
                raise QueryError(at, "fewer than 0 days is nothing", "少于0天没有意义")
            span = {
                "<": Days(low_days=0, high_days=count - 1),
                "<=": Days(low_days=0, high_days=count),
                ">": Days(low_days=count + 1),
                ">=": Days(low_days=count),
            }[sign]
            return Filter(field=field, days=span)
        first, last = _date(compared[2], at)
        day = dt.timedelta(days=1)
        span = {
            "<": Days(high=first - day if first > dt.date.min else first),
            "<=": Days(high=last),
            ">": Days(low=last + day if last < dt.date.max else last),
            ">=": Days(low=first),
        }[sign]
        return Filter(field=field, days=span)
    between = _BETWEEN.fullmatch(text)
    if between and (between[1] or between[2]):
        return Filter(field=field, days=_between(between[1], between[2], at))
    count = _days(text)
    if count is not None:
        return Filter(field=field, days=Days(low_days=0, high_days=count))
    first, last = _date(text, at)
    return Filter(field=field, days=Days(low=first, high=last))


def _between(low: str, high: str, at: int) -> Days:
    counts = _days(low), _days(high)
    if counts != (None, None):
        if (low and counts[0] is None) or (high and counts[1] is None):
            raise QueryError(at, "a range needs two dates or two numbers of days", "区间两端须同为日期或同为天数")
        if low and high and (counts[0] or 0) > (counts[1] or 0):
            raise QueryError(at, "the range is turned round", "区间的起止颠倒")
        return Days(low_days=counts[0] or 0, high_days=counts[1])
    first = _date(low, at)[0] if low else None
    last = _date(high, at)[1] if high else None
    if first and last and first > last:
        raise QueryError(at, "the range is turned round", "区间的起止颠倒")
    return Days(low=first, high=last)


def _days(text: str) -> int | None:
    match = _COUNT.fullmatch(text.strip())
    if match:
        return int(match[1]) * _UNITS[match[2][0]]
    return 0 if text.strip() in {"today", "今天"} else None


def _date(text: str, at: int) -> tuple[dt.date, dt.date]:
    """First and last day of a year, a month or a day. Raises QueryError."""
    match = _DATE.fullmatch(text.strip())
    if match:
        year, month, day = (int(part) if part else 0 for part in match.groups())
        try:
            if day:
                return dt.date(year, month, day), dt.date(year, month, day)
            if month:
                return dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])
            return dt.date(year, 1, 1), dt.date(year, 12, 31)
        except (ValueError, calendar.IllegalMonthError):
            pass  # a 31 February is told like any other text that is no date
    raise QueryError(
        at,
        f"{text.strip()!r} is no date: write 2026, 2026-11, 2026-11-24, <30d or a..b",
        f"“{text.strip()}”不是日期：可写 2026、2026-11、2026-11-24、<30d 或 起..止",
    )


def hs_values(written: str, at: int) -> tuple[str, ...]:
    """HS digits, cut to six: `8507.60.00.90` → ("850760",); `8501..8504` → all headings of the range.

    Raises QueryError: fewer than 2 or more than 13 digits, letters, ranges that are not of chapters or headings.
    """
    text = fold(written).text.strip()
    between = _BETWEEN.fullmatch(text) if re.search(r"\.\.|…|至|~", text) else None
    if between:
        low, high = (_hs(part, at) for part in between.groups())
        if len(low) != len(high) or len(low) not in (2, 4):
            raise QueryError(
                at, "a range of HS codes has 2 or 4 digits at both ends", "HS编码区间两端须同为2位（章）或4位（品目）"
            )
        if low > high:
            raise QueryError(at, "the range is turned round", "区间的起止颠倒")
        codes = tuple(
            str(code).zfill(len(low)) for code in range(int(low), int(high) + 1) if code % 100 or len(low) == 2
        )
        if len(codes) > MAX_HS_RANGE:
            raise QueryError(
                at, f"a range of more than {MAX_HS_RANGE} headings: use chapters", "区间过大：请改用2位章号"
            )
        return codes
    return (_hs(text, at)[:6],)


def _hs(text: str, at: int) -> str:
    digits = re.sub(r"[.\s\-]", "", text)
    if not digits.isdecimal() or not digits.isascii() or not 2 <= len(digits) <= 13:
        raise QueryError(
            at,
            f"{text!r} is no HS code: 4-13 digits, dots allowed (2 for a chapter); the first six are compared",
            f"“{text}”不是HS编码：4-13位数字，可带点（章为2位）；仅前6位可比",
        )
    return digits


def scale_values(field: FieldName, written: str, at: int) -> tuple[str, ...]:
    """`>=medium` → ("medium", "high"); `low..medium`; a single value as it is. Raises QueryError."""
    scale = SCALES[field]
    text = written.strip()
    compared = _COMPARED.fullmatch(fold(text).text)
    between = _BETWEEN.fullmatch(text) if re.search(r"\.\.|…|~", text) else None
    if compared:
        rung = scale.index(_rung(field, compared[2], at))
        sign = _SIGNS.get(compared[1], compared[1])
        found = {
            "<": scale[:rung],
            "<=": scale[: rung + 1],
            ">": scale[rung + 1 :],
            ">=": scale[rung:],
        }[sign]
    elif between:
        low = scale.index(_rung(field, between[1], at)) if between[1] else 0
        high = scale.index(_rung(field, between[2], at)) if between[2] else len(scale) - 1
        found = scale[low : high + 1]
    else:
        return (_rung(field, text, at),)
    if not found:
        raise QueryError(at, f"nothing lies in {written!r}", f"“{written}”范围内没有值")
    return found


def _rung(field: FieldName, written: str, at: int) -> str:
    try:
        return value_of(field, written)[1]
    except UnknownValue as error:
        raise unknown_value(error, field, written, at) from None


def unknown_value(error: UnknownValue, field: str, written: str, at: int) -> QueryError:
    known = ", ".join(error.known[:12])
    return QueryError(
        at,
        f"{field} has no value {written!r}; for instance: {known}",
        f"{field} 没有“{written}”这个值；例如：{known}",
    )

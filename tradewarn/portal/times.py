"""A cron line as a person reads it: `25 6 * * 1-5` → 周一至周五 06:25."""

from __future__ import annotations

import re

from nlp.words import Lang

_DAYS = {
    "zh": ("周日", "周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_PLAIN = re.compile(r"(\d{1,2}) ([\d,]+) \* \* (\*|[0-7](?:[-,][0-7])*)")


def plain(cron: str, lang: Lang) -> str:
    """Minute, hours and weekdays in words; any other cron line as it is."""
    found = _PLAIN.fullmatch(cron.strip())
    if found is None:
        return cron
    minute, hours, days = found.groups()
    comma = "、" if lang == "zh" else ", "
    at = comma.join(f"{int(hour):02}:{int(minute):02}" for hour in hours.split(","))
    if days == "*":
        return f"{'每天' if lang == 'zh' else 'daily'} {at}"
    to = "至" if lang == "zh" else "-"
    parts = [to.join(_DAYS[lang][int(day)] for day in part.split("-")) for part in days.split(",")]
    return f"{comma.join(parts)} {at}"

"""What Japanese text says in its own ways: origins of goods, years of an era."""

from __future__ import annotations

import re

from crawlers import places

#: Era → the year before its first.
_ERAS = {"令和": 2018, "平成": 1988}
_ORIGIN = re.compile(r"(?:原産国|生産国|製造国|原産地)名?\s*[:：]?\s*([^\s、。，．,（）()／/・」』]{2,14})")
_MADE = re.compile(r"([ァ-ヶー一-龥]{2,12})(?:産(?![業地卵後前])|製(?![造品鉄作薬紙粉]))")
_ERA_DAY = re.compile(r"(令和|平成)\s*(\d+|元)\s*年\s*(\d+)\s*月\s*(\d+)\s*日")


def origins_of(text: str) -> tuple[str, ...]:
    """Countries that Japanese text states as origin (原産国：イタリア, 中国産, 中国製), in order. No statement → ()."""
    found = [*_ORIGIN.findall(text), *_MADE.findall(text)]
    codes = (places.code(name[start:]) for name in found for start in range(len(name) - 1))
    return tuple(dict.fromkeys(code for code in codes if code))


def year_of(era: str, number: str) -> int:
    """令和, 8 → 2026; 令和, 元 → 2019."""
    return _ERAS[era] + (1 if number == "元" else int(number))


def western(text: str) -> str:
    """The first date of `text` with its year in our reckoning: 令和8年11月9日（報告日：…） → 2026年11月9日."""
    if era := _ERA_DAY.search(text):
        return f"{year_of(era[1], era[2])}年{era[3]}月{era[4]}日"
    found = re.search(r"\d{4}(?:年\d+月\d+日|[/.]\d+[/.]\d+)", text)
    return found[0] if found else text

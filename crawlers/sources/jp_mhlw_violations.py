"""MHLW's monthly workbooks of imports found in violation of the Food Sanitation Act, English and Japanese.

A title row with the month, then a header row; columns come, go and change places between months and languages, so they are
found by name. The same case stands in both editions: the Japanese workbook of a month is read only while the English page
has none, and the id is taken over what both print alike, so that the English row replaces the Japanese one.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from parsel import Selector
from scrapy import Request
from scrapy.http import Response

from crawlers import places
from crawlers.japanese import year_of
from crawlers.reading import Drift, FieldError, Parsed, Record, clean, day_of, each, source_of, window_of
from crawlers.wording import filled, joined, short_hash
from crawlers.xls import Table, tables

JAPANESE = "https://www.mhlw.go.jp/stf/seisakunitsuite/bunya/kenkou_iryou/shokuhin/yunyu_kanshi/ihan/index.html"
#: The columns under the ministry's English names, with every heading it has printed over them.
COLUMNS = {
    "ITEM": ("item", "品名"),
    "EXPORTING COUNTRY": ("exportingcountry", "生産国", "輸出国"),
    "NAME OF MANUFACTURERS": ("nameofmanufacturers", "nameofmanufacturer", "製造者", "製造者名"),
    "SHIPPER": ("shipper", "シッパー", "輸出者"),
    "ARTICLE": ("article", "条文", "違反条文"),
    "CONTENTS OF VIOLATION": ("contentsofviolation", "不適格内容", "違反内容"),
    "QUARANTINE STATION": ("quarantinstation", "quarantinestation", "担当検疫所"),
    "NAME OF IMPORTERS": ("nameofimporters", "輸入者", "輸入者名"),
    "CAUSE OF VIOLATION": ("causeofviolation", "原因"),
    "DISPOSAL OF THE CARGO": ("disposalofthecargo", "措置状況"),
    "REMARKS": ("remarks", "備考"),
    "Publication day": ("publicationday", "公表日"),
}
NEEDED = frozenset({"ITEM", "EXPORTING COUNTRY", "CONTENTS OF VIOLATION", "Publication day"})
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def parse(response: Response) -> Iterator[Parsed]:
    """The English index: a request for each month's workbook in reach of the window, then the Japanese index."""
    found = list(_workbooks(response))
    if not found:
        raise Drift("the page links no workbook (/content/….xls)")
    yield from (request for _, request in found if request is not None)
    months = [month for month, _ in found]
    yield Request(JAPANESE, callback=parse_japanese, meta={"months": months, "conditional": False}, dont_filter=True)


def parse_japanese(response: Response) -> Iterator[Parsed]:
    """The Japanese index: the workbooks of months that the English page does not have (yet)."""
    for month, request in _workbooks(response):
        if request is not None and (month is None or month not in response.meta["months"]):
            yield request


def _workbooks(response: Response) -> Iterator[tuple[tuple[int, int] | None, Request | None]]:
    """The month of each linked workbook (None where the page does not say) and its request, None out of the window.

    A month's workbook grows for some weeks after it: the one before the window's first month is read again too.
    """
    window = window_of(response)
    first = (window.since.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    for link in response.xpath("//a[contains(@href, '/content/') and contains(@href, '.xls')]"):
        month = _month_of_link(link)
        wanted = month is None or (first.year, first.month) <= month <= (window.until.year, window.until.month)
        url = response.urljoin(link.attrib["href"])
        yield month, Request(url, callback=parse_workbook, dont_filter=True) if wanted else None


def _month_of_link(link: Selector) -> tuple[int, int] | None:
    """From the link's own words, or with the year of the list it stands in."""
    own = clean(link.xpath("string()").get())
    around = (
        clean(part)
        for part in reversed(
            link.xpath("ancestor::li/text()[1] | preceding::*[self::h2 or self::h3 or self::h4][1]/text()").getall()
        )
    )
    return next((month for text in (own, *(f"{part} {own}" for part in around)) if (month := month_of(text))), None)


def month_of(text: str) -> tuple[int, int] | None:
    """(2019, 11) of "(Nov. 2019)", "2019年11月分", "令和元年11月", "Mar.2020"; None where there is none."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("元年", "1年")
    if found := re.search(r"(令和|平成)?\s*(\d{1,4})年(?:度)?\D{0,6}?(\d{1,2})月", folded):
        year = year_of(found[1], found[2]) if found[1] else int(found[2])
        return (year, int(found[3])) if 1990 < year < 2100 and 1 <= int(found[3]) <= 12 else None
    name = "|".join(MONTHS)
    if found := re.search(rf"\b({name})[a-z]*\.?\s*,?\s*(\d{{4}})|(\d{{4}})\W*\b({name})", folded):
        return int(found[2] or found[3]), MONTHS.index(found[1] or found[4]) + 1
    return None


def parse_workbook(response: Response) -> Iterator[Parsed]:
    """A record for each row below the header. Raises Drift for what is no workbook, or has no month or header."""
    seen: Counter[str] = Counter()
    found = [(table, at) for table in tables(response.body) if (at := _header_row(table)) is not None]
    if not found:
        raise Drift(f"no header row with {', '.join(sorted(NEEDED))}")
    for table, at in found:
        names = {column: name for column, cell in enumerate(table[at]) if (name := _column(cell))}
        title = joined((clean(cell) for row in table[:at] for cell in row), " ")
        month = month_of(title)
        if month is None:
            raise Drift(f"the title row names no month: {title[:120]!r}")
        language = "ja" if re.search("[ぁ-ヿ一-鿿]", title) else "en"

        def read(
            row: list[Any], names: dict[int, str] = names, month: tuple[int, int] = month, language: str = language
        ) -> Record | None:
            return _record(
                {name: row[column] for column, name in names.items() if column < len(row)},
                month,
                language,
                seen,
                response,
            )

        yield from each(table[at + 1 :], read)


def _record(
    row: dict[str, Any], month: tuple[int, int], language: str, seen: Counter[str], response: Response
) -> Record | None:
    values = {name: _text(value) for name, value in row.items()}
    if not values["ITEM"] and not values["CONTENTS OF VIOLATION"]:
        return None  # the empty rows below the table
    day = day_of(response, "Publication day", row["Publication day"])
    for name in ("ITEM", "CONTENTS OF VIOLATION"):
        if not values[name]:
            raise FieldError(name, row[name], "is empty")
    values["Publication day"] = day.isoformat()
    origins = places.codes(values["EXPORTING COUNTRY"])
    key = _key(values, day, month, origins)
    seen[key] += 1
    title = f"{values['ITEM']}: {values['CONTENTS OF VIOLATION']}".replace("\n", " ")
    return Record(
        f"{key}-{seen[key]}",
        {
            "title": title if len(title) <= 240 else f"{title[:239]}…",
            "summary": values["CONTENTS OF VIOLATION"],
            "products_text": values["ITEM"],
            "language": language,
            "published": day,
            "origins": origins,
            "stated": filled(values),
            "url": source_of(response).home if language == "en" else JAPANESE,
            "withdrawn": bool(
                re.search(
                    r"cancell?ed the decision of\s+violation|違反.{0,6}取り?消", values.get("DISPOSAL OF THE CARGO", "")
                )
            ),
        },
    )


def _key(values: dict[str, str], day: dt.date, month: tuple[int, int], origins: tuple[str, ...]) -> str:
    """What both editions print alike: month, day, origin, makers in Latin letters, article, and the figures found."""

    def latin(name: str) -> str:
        return re.sub(r"[^0-9a-z]+", "", unicodedata.normalize("NFKC", values.get(name, "")).casefold())

    article = unicodedata.normalize("NFKC", values.get("ARTICLE", "")).casefold()
    for roman, figure in (("iv", "4"), ("iii", "3"), ("ii", "2"), ("i", "1")):
        article = re.sub(rf"(?<=\(){roman}(?=\))", figure, article)
    figures = re.findall(
        r"\d+(?:\.\d+)?", unicodedata.normalize("NFKC", values["CONTENTS OF VIOLATION"]).replace(",", "")
    )
    parts = [
        month,
        day.isoformat(),
        origins,
        latin("NAME OF MANUFACTURERS"),
        latin("SHIPPER"),
        re.findall(r"\d+", article),
        figures,
    ]
    return short_hash(repr(parts), 20)


def _text(value: Any) -> str:
    """An empty cell may hold 0: no column of words has a zero of its own."""
    return "" if value in (0, "0") else clean(value)


def _column(cell: Any) -> str | None:
    folded = re.sub(r"\s+", "", unicodedata.normalize("NFKC", str(cell))).casefold()
    return next((name for name, headings in COLUMNS.items() if folded in headings), None)


def _header_row(table: Table) -> int | None:
    return next((at for at, row in enumerate(table[:10]) if {_column(cell) for cell in row} >= NEEDED), None)

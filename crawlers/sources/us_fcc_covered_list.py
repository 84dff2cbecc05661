"""US FCC Covered List: equipment and services that get no authorization (47 CFR 1.50002), one row of the page's table each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsel import Selector, SelectorList
from scrapy.http import Response

from crawlers import origins
from crawlers.reading import Drift, FieldError, Parsed, Record, clean, each, read_date, source_of
from crawlers.wording import cut, short_hash

EQUIPMENT, INCLUSION = "Covered Equipment or Services", "Date of Inclusion on Covered List"
DATE = re.compile(r"[A-Z][a-z]+ \d{1,2}, ?\d{4}")


def parse(response: Response) -> Iterator[Parsed]:
    """Every row of every table with the two columns; other tables (conditional approvals) are not the list."""
    tables = [table for table in response.xpath("//table") if EQUIPMENT in _line(table.xpath("(.//tr)[1]"))]
    if not tables:
        raise Drift(f"no table begins with {EQUIPMENT!r}")
    for table in tables:
        heads = [_line(cell) for cell in table.xpath("(.//tr)[1]/*[self::th or self::td]")]
        columns = [next((i for i, head in enumerate(heads) if name in head), -1) for name in (EQUIPMENT, INCLUSION)]
        if min(columns) < 0:
            raise Drift(f"the list has no column {INCLUSION!r}; it has {heads}")
        formats = source_of(response).date_formats

        def read(row: Selector, at: list[int] = columns, formats: tuple[str, ...] = formats) -> Record | None:
            cells = [_line(cell) for cell in row.xpath("./td")]
            if not any(cells):
                return None
            if len(cells) <= max(at):
                raise FieldError(INCLUSION, cells, "has fewer cells than the header")
            return _record(cells[at[0]], cells[at[1]], formats, source_of(response).home)

        yield from each(table.xpath(".//tr")[1:], read, raw=lambda row: str(row.get()))


def _record(goods: str, inclusion: str, formats: tuple[str, ...], home: str) -> Record:
    """An entry has no number: its words name it, without the footnote marks and punctuation that come and go."""
    if not goods:
        raise FieldError(EQUIPMENT, goods, "is empty")
    dates = [
        read_date(INCLUSION, " ".join(text.replace(",", ", ").split()), formats) for text in DATE.findall(inclusion)
    ]
    if not dates:
        raise FieldError(INCLUSION, inclusion, "holds no date")
    words = re.sub(r"[\W\d]+", " ", goods).casefold().strip()
    first = min(dates)
    return Record(
        short_hash(words, 20),
        {
            "stage": "in_force",
            "document_type": "Covered List entry",
            "title": cut(goods, 200),
            "summary": goods if len(goods) > 200 else "",
            "products_text": goods,
            "published": first,
            "milestones": [{"kind": "application", "date": first}],
            "origins": origins.said(goods),
            "stated": {INCLUSION: inclusion},
            "url": home,
        },
    )


def _line(node: Selector | SelectorList[Selector]) -> str:
    """Text without footnote marks (superscripts, daggers, asterisks)."""
    texts = node.xpath(".//text()[not(ancestor::sup)]").getall()
    text = " ".join(re.sub(r"[*†‡§]", "", clean(" ".join(texts))).split())
    return re.sub(r" (?=[,.;:])", "", text)

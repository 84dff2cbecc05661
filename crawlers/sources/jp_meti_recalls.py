"""METI's recalls of consumer products: a table by date, then a page a recall, heading by heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsel import Selector
from scrapy import Request
from scrapy.http import Response

from crawlers.japanese import origins_of, western
from crawlers.reading import Drift, FieldError, Parsed, Record, clean, day_of, each, window_of
from crawlers.wording import filled, joined

HEAD = "div.h22011.r10"
LISTED = "日付順リコール製品情報"
#: Pages name a thing in two ways (before and after 2024).
NAMES = {
    "day": ("リコール実施日", "リコール開始日"),
    "goods": ("製品名",),
    "firm": ("リコール事業者名", "事業者名"),
    "reason": ("リコール実施の理由", "リコール理由"),
}


def parse(response: Response) -> Iterator[Parsed]:
    """The list: a request for each recall of the window."""
    heads = [head for head in response.css(HEAD) if clean(head.get()) == LISTED]
    table = heads[0].xpath("following-sibling::table[1]") if heads else None
    if not table:
        raise Drift(f"no table after {HEAD} with {LISTED}")
    for row in table[0].css("tr:has(th):has(a[href*='file/'])"):
        day = day_of(response, "th", western(clean(row.css("th").get())))
        if day in window_of(response):
            link = response.urljoin(row.css("a[href*='file/']").attrib["href"])
            yield Request(link, callback=parse_recall, meta={"day": day.strftime("%Y/%m/%d")}, dont_filter=True)


def parse_recall(response: Response) -> Iterator[Parsed]:
    """One recall."""
    labels = filled({clean(head.get()): _under(head) for head in response.css(HEAD)})
    if not any(name in labels for name in NAMES["goods"]):
        raise Drift(f"no heading 製品名; the page has {', '.join(labels) or 'none'}")
    yield from each([labels], lambda row: _recall(response, row))


def _recall(response: Response, labels: dict[str, str]) -> Record:
    day, goods, firm, reason = (next((labels[n] for n in NAMES[key] if n in labels), "") for key in NAMES)
    number = re.search(r"/file/([\w-]+)\.html", response.url)
    if number is None:
        raise FieldError("url", response.url, "names no file")
    text = "\n".join(f"{name}\n{value}" for name, value in labels.items())
    links = re.findall(r"https?://[^\s）)」、。]+", labels.get("事業者リコール情報URL", ""))
    return Record(
        number[1],
        {
            "title": f"{firm}「{goods}」" if firm else goods,
            "summary": reason,
            "text": text,
            "products_text": goods,
            "published": day_of(response, "リコール実施日", response.meta.get("day") or western(day)),
            "origins": origins_of(text),
            "stated": labels,
            "url": response.url,
            "documents": [{"url": url, "title": "事業者リコール情報"} for url in dict.fromkeys(links)],
        },
    )


def _under(head: Selector) -> str:
    """The text between a heading and the next one."""
    parts = []
    for node in head.xpath("following-sibling::*"):
        if "h22011" in node.attrib.get("class", ""):
            break
        parts.append(clean(node.get()))
    return joined(parts)

"""METI's recalls of consumer products: a table by date, then a page a recall, heading by heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsel import Selector
from scrapy import Request
from scrapy.http import Response

from crawlers.reading import Drift, FieldError, Parsed, Record, clean, each, read_date, source_of, window_of
from crawlers.sources.jp_caa_recalls import origins_of

HEAD = "div.h22011.r10"
LISTED = "日付順リコール製品情報"
#: Pages name a thing in two ways (before and after 2024).
NAMES = {
    "day": ("リコール実施日", "リコール開始日"),
    "goods": ("製品名",),
    "firm": ("リコール事業者名", "事業者名"),
    "reason": ("リコール実施の理由", "リコール理由"),
}
ERAS = {"令和": 2018, "平成": 1988}


def parse(response: Response) -> Iterator[Parsed]:
    """The list: a request for each recall of the window."""
    heads = [head for head in response.css(HEAD) if clean(head.get()) == LISTED]
    table = heads[0].xpath("following-sibling::table[1]") if heads else None
    if not table:
        raise Drift(f"no table after {HEAD} with {LISTED}")
    source, window = source_of(response), window_of(response)
    for row in table[0].css("tr:has(th):has(a[href*='file/'])"):
        day = read_date("th", western(clean(row.css("th").get())), source.date_formats)
        if window.since <= day <= window.until:
            link = response.urljoin(row.css("a[href*='file/']").attrib["href"])
            yield Request(link, callback=parse_recall, meta={"day": day.strftime("%Y/%m/%d")}, dont_filter=True)


def parse_recall(response: Response) -> Iterator[Parsed]:
    """One recall."""
    labels = {clean(head.get()): _under(head) for head in response.css(HEAD)}
    labels = {name: value for name, value in labels.items() if value}
    if not any(name in labels for name in NAMES["goods"]):
        raise Drift(f"no heading 製品名; the page has {', '.join(labels) or 'none'}")
    yield from each([labels], lambda row: _recall(response, row))


def _recall(response: Response, labels: dict[str, str]) -> Record:
    day, goods, firm, reason = (next((labels[n] for n in NAMES[key] if n in labels), "") for key in NAMES)
    number = re.search(r"/file/([\w-]+)\.html", response.url)
    if number is None:
        raise FieldError("url", response.url, "names no file")
    text = "\n".join(f"{name}\n{value}" for name, value in labels.items())
    posted = str(response.meta.get("day") or western(day))
    return Record(
        number[1],
        {
            "title": f"{firm}「{goods}」" if firm else goods,
            "summary": reason,
            "text": text,
            "products_text": goods,
            "published": read_date("リコール実施日", posted, source_of(response).date_formats),
            "origins": origins_of(text),
            "stated": labels,
            "url": response.url,
            "documents": [
                {"url": url, "title": "事業者リコール情報"}
                for url in dict.fromkeys(
                    re.findall(r"https?://[^\s）)」、。]+", labels.get("事業者リコール情報URL", ""))
                )
            ],
        },
    )


def _under(head: Selector) -> str:
    """The text between a heading and the next one."""
    parts = []
    for node in head.xpath("following-sibling::*"):
        if "h22011" in node.attrib.get("class", ""):
            break
        parts.append(clean(node.get()))
    return "\n".join(part for part in parts if part)


def western(text: str) -> str:
    """The first date of `text` with its year in our reckoning: 令和8年11月9日（報告日：…） → 2026年11月9日."""
    era = re.search(r"(令和|平成)\s*(\d+|元)\s*年\s*(\d+)\s*月\s*(\d+)\s*日", text)
    if era:
        return f"{ERAS[era[1]] + (1 if era[2] == '元' else int(era[2]))}年{era[3]}月{era[4]}日"
    found = re.search(r"\d{4}(?:年\d+月\d+日|[/.]\d+[/.]\d+)", text)
    return found[0] if found else text

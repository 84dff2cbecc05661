"""Japan's inspection orders: found by title in the ministry's news feed, read on the page of each press release."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scrapy import Request
from scrapy.http import Response

from crawlers.feeds import DC, RSS1, rss1_items, text_of
from crawlers.japanese import origins_of
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, window_of
from crawlers.wording import joined

#: Orders, their lifting, and the step before them (more samples at the border).
TITLE = re.compile("検査命令|モニタリング検査の強化|検査強化")
HEADINGS = ("対象食品等", "対象食品", "検査の項目", "検査項目", "経緯", "違反の内容")


def parse(response: Response) -> Iterator[Parsed]:
    """The feed: a request for each press release of the window about inspection of imported foods."""
    for item in rss1_items(response):
        title = text_of(item, f"{RSS1}title")
        if not title:
            raise Drift("an item without title")
        if not TITLE.search(title):
            continue
        day = day_of(response, "dc:date", text_of(item, f"{DC}date"))
        if day in window_of(response):
            meta = {"title": title, "day": day.isoformat()}
            yield Request(text_of(item, f"{RSS1}link"), callback=parse_order, meta=meta, dont_filter=True)


def parse_order(response: Response) -> Iterator[Parsed]:
    """One press release. Raises Drift where the page does not speak of inspection."""
    main = response.css("#contents, main, .l-contentMain")
    text = clean(main[0].get()) if main else ""
    if "検査" not in text:
        raise Drift("no #contents that speaks of 検査: not a press release on inspection orders")
    yield from each([text], lambda page: _order(response, page))


def _order(response: Response, text: str) -> Record:
    number = re.search(r"newpage_(\w+)\.html", response.url)
    title = str(response.meta.get("title") or clean(response.css("h1").get()))
    labels = sections(response, text)
    goods = labels.get("対象食品等") or labels.get("対象食品") or title
    return Record(
        number[1] if number else response.url.rpartition("/")[2],
        {
            "stage": "withdrawn" if "解除" in title else "in_force",
            "document_type": "検査命令" if "検査命令" in title else "モニタリング検査の強化",
            "title": title,
            "summary": "\n".join(labels.values()) or text[:600],
            "text": text,
            "products_text": goods,
            "published": day_of(response, "dc:date", response.meta.get("day", "")),
            "origins": origins_of(f"{title}\n{goods}"),
            "stated": labels,
            "url": response.url,
            "documents": [
                {"url": response.urljoin(link.attrib["href"]), "title": clean(link.get())}
                for link in response.css("#contents a[href$='.pdf'], main a[href$='.pdf']")
            ],
        },
    )


def sections(response: Response, text: str) -> dict[str, str]:
    """対象食品等, 検査の項目, 経緯: from a table (headings over or beside the values), else from 〈…〉 headings."""
    for table in response.css("table"):
        rows = [[clean(cell.get()) for cell in row.css("th, td")] for row in table.css("tr")]
        if rows and len(rows) > 1 and sum(cell in HEADINGS for cell in rows[0]) > 1:
            columns = zip(*(row for row in rows if len(row) == len(rows[0])), strict=True)
            return {name: joined(values) for name, *values in columns if name in HEADINGS}
        if any(row and row[0] in HEADINGS for row in rows):
            return {row[0]: row[1] for row in rows if len(row) == 2 and row[0] in HEADINGS}
    names = "|".join(HEADINGS)
    parts = re.split(rf"[〈＜<【]\s*({names})\s*[〉＞>】]", text)
    return {name: value.strip().partition("\n\n")[0] for name, value in zip(parts[1::2], parts[2::2], strict=False)}

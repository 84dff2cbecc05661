"""Japan's public comment: the RSS 1.0 feed of calls for opinions, all categories, the last days."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from scrapy.http import Response

from crawlers.feeds import DC, RSS1, as_xml, rss1_items, text_of
from crawlers.reading import FieldError, Parsed, Record, day_of, each, window_of
from crawlers.wording import filled

#: A case is kept when its title speaks of goods: words of goods, of their rules, and the laws of the watch-list.
GOODS = re.compile(
    "電気用品|電波法|無線設備|消費生活用製品|製品安全|ガス用品|食品|添加物|残留|農薬|飼料|肥料|医薬|製剤|医療機器|化粧品|化学物質|毒物|劇物"
    "|輸入|輸出|関税|規格|適合性|技術基準|保安基準|道路運送車両|自動車|蓄電池|リチウム|危険物|高圧ガス|省エネ|エネルギーの使用の合理化"
    "|フロン|植物防疫|家畜|容器包装|家庭用品|玩具|建築材料|繊維|プラスチック|サイバーセキュリティ|計量"
)


def parse(response: Response) -> Iterator[Parsed]:
    """The feed: a record for each call about goods that was made public in the window."""
    window = window_of(response)

    def read(item: ET.Element) -> Record | None:
        link, title = text_of(item, f"{RSS1}link"), text_of(item, f"{RSS1}title")
        number = re.search(r"[?&]id=(\w+)", link)
        if number is None:
            raise FieldError("link", link, "holds no id=")
        if not title:
            raise FieldError("title", link, "is missing")
        lines = text_of(item, f"{RSS1}description").splitlines()
        labels = {name: value for name, sep, value in (line.partition("：") for line in lines) if sep}
        day = labels.get("案の公示日") or _repaired(text_of(item, f"{DC}date"))
        published = day_of(response, "案の公示日", day)
        if not GOODS.search(title) or published not in window:
            return None
        return Record(
            number[1],
            {
                "stage": "draft",
                "symbol": number[1],
                "document_type": "意見募集",
                "title": title,
                "products_text": title,
                "published": published,
                "milestones": [deadline(labels["受付締切日時"])] if labels.get("受付締切日時") else [],
                "stated": filled(labels),
                "url": link,
            },
        )

    yield from each(rss1_items(response), read, raw=as_xml)


def deadline(text: str) -> dict[str, object]:
    """`2026/07/10 00:00` is midnight before the 10th: the last day for comments is the 9th."""
    try:
        moment = dt.datetime.strptime(text, "%Y/%m/%d %H:%M")  # noqa: DTZ007 - Japanese time, only the day is used
    except ValueError as error:
        raise FieldError("受付締切日時", text, "is no date and time") from error
    return {"kind": "comment_deadline", "date": (moment - dt.timedelta(minutes=1)).date(), "text": text}


def _repaired(text: str) -> str:
    """dc:date without its seconds (`2026-08-16T15:00:Z`) as an instant that can be read."""
    return re.sub(r"(T\d\d:\d\d):?(?:\d\d)?:?Z$", r"\1+0000", text)

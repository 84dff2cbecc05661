"""Türkiye's GÜBİS: notices of unsafe products, one page a number, and no list: the numbers are walked (`crawlers.walks`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, clean
from crawlers.walks import Walk
from crawlers.wording import filled

DATE, GOODS, FIRM = "BİLDİRİM TARİHİ", "ÜRÜN TANIMI", "FİRMA"
WALK = Walk("https://guvensizurun.ticaret.gov.tr/Bildirim/Detay?rid={}", DATE, first=1024, step=2048, end=100)
start = WALK.start


def parse(response: Response) -> Iterator[Parsed]:
    """One number: a step of the search, or of the walk."""
    number = int(response.url.rpartition("rid=")[2])

    def read(labels: dict[str, str], day: dt.date) -> Record:
        goods, brand = labels.get(GOODS) or labels.get("ÜRÜN GRUBU", ""), labels.get("MARKA", "").strip("- ")
        if not goods:
            raise FieldError(GOODS, labels, "is missing")
        measure = labels.get("ALINAN ÖNLEM", "").replace("İ", "i").casefold()
        return Record(
            str(number),
            {
                "kind": "border_rejection" if "ithal" in measure else "recall",
                "symbol": labels.get("BİLDİRİM NO", ""),
                "title": f"{goods} – {brand}" if brand and brand not in goods else goods,
                "summary": labels.get("GÜVENSİZLİK NEDENİ", ""),
                "products_text": goods,
                "published": day,
                "origins": places.codes(labels.get("MENŞE ÜLKE", "")),
                "stated": labels,
                "url": response.url,
            },
        )

    yield from WALK.step_of(response, number, labels_of(response), read)


def labels_of(response: Response) -> dict[str, str]:
    """Label → value of a page; {} for a number that holds no notice. Raises Drift for a page of another kind."""
    if response.status == 404:
        return {}
    if response.css("input[type=password]"):
        raise Drift("a login page")
    rows = [row.css("div.w3-cell") for row in response.css("div.w3-cell-row")]
    pairs = {clean(cells[0].get()).rstrip(" :"): clean(cells[1].get()) for cells in rows if len(cells) > 1}
    if pairs and not pairs.keys() & {FIRM, GOODS, DATE}:
        raise Drift(f"labels {FIRM}, {GOODS}, {DATE} are missing; the page has {', '.join(list(pairs)[:8])}")
    return filled(pairs)

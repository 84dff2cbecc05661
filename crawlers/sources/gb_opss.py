"""UK product safety: the search of gov.uk, newest change first, then the content item of each document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsel import Selector
from scrapy import Request
from scrapy.http import Response

from crawlers import places
from crawlers.paging import page
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, json_of, need, window_of
from crawlers.wording import Labels, filled

CONTENT = "https://www.gov.uk/api/content"
FACETS = ("product_alert_type", "product_risk_level", "product_category", "product_measure_type")
AGAINST_SOLD = ("recall-of", "withdrawal-of", "warning-consumers", "modification-programme", "ban-", "temporary-")


def parse(response: Response) -> Iterator[Parsed]:
    """One page of the search: a request for each document changed in the window, and the next page while it may hold some."""
    found, window = json_of(response, dict), window_of(response)
    rows, days = need(found, "results"), []
    for row in rows:
        days.append(day_of(response, "public_timestamp", need(row, "public_timestamp")))
        if days[-1] in window:
            yield Request(CONTENT + need(row, "link"), callback=parse_item, dont_filter=True)
    shown = int(need(found, "start")) + len(rows)
    if days and days[-1] >= window.since and shown < int(need(found, "total")):
        yield page(response, "start", shown, parse)


def parse_item(response: Response) -> Iterator[Parsed]:
    """One document. Raises Drift where the content item lacks its metadata."""
    item = json_of(response, dict)
    details = need(item, "details")
    facets = need(details, "metadata")
    if "product_risk_level" not in facets and "product_alert_type" not in facets:
        raise Drift(f"details.metadata has no product facets: {', '.join(sorted(facets))}")

    def read(_: object) -> Record:
        body = Selector(need(details, "body") or "<p/>")
        table = {clean(cells[0].get()): clean(cells[1].get()) for cells in _rows(body)}
        measures = tuple(facets.get("product_measure_type") or ())
        number = re.search(r"\b(\d{4}-\d{4,5})\b", clean(need(item, "title")))
        stated: Labels = {k: v for k, v in filled(table).items() if not k.startswith("Product Report")}
        stated |= {
            name: tuple(v) if isinstance(v := facets[name], list) else str(v) for name in FACETS if facets.get(name)
        }
        published = facets.get("product_recall_alert_date") or need(item, "first_published_at")
        return Record(
            need(item, "content_id"),
            {
                "kind": "border_rejection" if _only_stopped_at_border(measures) else "recall",
                "symbol": number[1] if number else "",
                "document_type": str(facets.get("product_alert_type", "")),
                "title": clean(item["title"]),
                "summary": _section(body, "hazard") or clean(item.get("description")),
                "text": clean(need(details, "body")),
                "products_text": table.get("Product Description") or clean(item["title"]),
                "published": day_of(response, "product_recall_alert_date", published),
                "origins": places.codes(table.get("Country of Origin", "")),
                "stated": stated,
                "url": "https://www.gov.uk" + need(item, "base_path"),
                "documents": [
                    {"url": a["url"], "title": clean(a.get("title"))} for a in details.get("attachments", ())
                ],
                "withdrawn": bool(item.get("withdrawn_notice")),
            },
        )

    yield from each([item], read)


def _rows(body: Selector) -> Iterator[list[Selector]]:
    return (cells for row in body.css("table tr") if len(cells := row.css("th, td")) == 2)


def _section(body: Selector, heading: str) -> str:
    """The paragraphs under `<h2 id=heading>`, up to the next heading."""
    path = f"//h2[@id='{heading}']/following-sibling::p[preceding-sibling::h2[1][@id='{heading}']]"
    return "\n".join(clean(part.get()) for part in body.xpath(path))


def _only_stopped_at_border(measures: tuple[str, ...]) -> bool:
    """Rejected at the border, and no measure against goods already sold: then it is no recall."""
    return "import-rejected-at-border" in measures and not any(m.startswith(AGAINST_SOLD) for m in measures)

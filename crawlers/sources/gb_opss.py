"""UK product safety: the search of gov.uk, newest change first, then the content item of each document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsel import Selector
from scrapy import Request
from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, Parsed, Record, clean, each, json_of, need, read_date, source_of, window_of

CONTENT = "https://www.gov.uk/api/content"
FACETS = ("product_alert_type", "product_risk_level", "product_category", "product_measure_type")


def parse(response: Response) -> Iterator[Parsed]:
    """One page of the search: a request for each document changed in the window, and the next page while it may hold some."""
    page, source, window = json_of(response, dict), source_of(response), window_of(response)
    rows, days = need(page, "results"), []
    for row in rows:
        days.append(read_date("public_timestamp", need(row, "public_timestamp"), source.date_formats, source.timezone))
        if window.since <= days[-1] <= window.until:
            yield Request(CONTENT + need(row, "link"), callback=parse_item, dont_filter=True)
    shown = int(need(page, "start")) + len(rows)
    if days and days[-1] >= window.since and shown < int(need(page, "total")):
        following = re.sub(r"\bstart=\d+", f"start={shown}", response.url)
        yield Request(following, callback=parse, dont_filter=True)


def parse_item(response: Response) -> Iterator[Parsed]:
    """One document. Raises Drift where the content item lacks its metadata."""
    item, source = json_of(response, dict), source_of(response)
    details = need(item, "details")
    facets = need(details, "metadata")
    if "product_risk_level" not in facets and "product_alert_type" not in facets:
        raise Drift(f"details.metadata has no product facets: {', '.join(sorted(facets))}")

    def read(_: object) -> Record:
        body = Selector(need(details, "body") or "<p/>")
        table = {clean(cells[0].get()): clean(cells[1].get()) for cells in _rows(body)}
        measures = tuple(facets.get("product_measure_type") or ())
        number = re.search(r"\b(\d{4}-\d{4,5})\b", clean(need(item, "title")))
        stated: dict[str, str | tuple[str, ...]] = {
            name: value for name, value in table.items() if value and not name.startswith("Product Report")
        }
        stated |= {
            name: tuple(v) if isinstance(v := facets[name], list) else str(v) for name in FACETS if facets.get(name)
        }
        origin = places.code(table.get("Country of Origin", ""))
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
                "published": read_date("product_recall_alert_date", published, source.date_formats, source.timezone),
                "origins": (origin,) if origin else (),
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
    sold = (
        "recall-of-product",
        "withdrawal-of-product",
        "warning-consumers",
        "modification-programme",
        "ban-",
        "temporary-",
    )
    return "import-rejected-at-border" in measures and not any(m.startswith(sold) for m in measures)

"""UK Food Standards Agency: alerts as linked data in JSON, a page of `items`, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers import origins
from crawlers.paging import number_in, page
from crawlers.reading import Parsed, Record, clean, day_of, each, json_of, listed, need, required
from crawlers.wording import Labels, filled, joined

#: Lists of concepts that each problem of an alert holds.
PROBLEM = ("allergen", "pathogenRisk", "reason")


def parse(response: Response) -> Iterator[Parsed]:
    """One page of alerts, and the next one while the page is full."""
    items = listed(json_of(response, dict), "items")

    def read(item: dict[str, Any]) -> Record:
        problems, products = item.get("problem") or [], item.get("productDetails") or []
        risks = [clean(problem.get("riskStatement")) for problem in problems]
        names = tuple(clean(product.get("productName")) for product in products)
        status = " ".join(_labels(item.get("status")))
        stated: Labels = {
            "type": next((kind for kind in _ids(item, "type") if kind != "Alert"), ""),
            **{name: tuple(label for p in problems for label in _labels(p.get(name))) for name in PROBLEM},
            "status": status,
            "country": tuple(_labels(item.get("country"))),
            "reportingBusiness": clean((item.get("reportingBusiness") or {}).get("commonName")),
        }
        told = clean(need(item, "description"))
        return Record(
            required(item, "notation"),
            {
                "symbol": required(item, "notation"),
                "document_type": str(stated["type"]),
                "title": required(item, "title"),
                "summary": joined(dict.fromkeys((told, *risks))),
                "text": joined((told, *risks, clean(item.get("actionTaken")), clean(item.get("consumerAdvice")))),
                "products_text": joined(names, "; ") or clean(item["title"]),
                "published": day_of(response, "created", need(item, "created")),
                "origins": origins.said("; ".join((*names, told))),
                "stated": filled(stated),
                "url": (item.get("alertURL") or {}).get("@id") or required(item, "@id"),
                "documents": [
                    {"url": media["@id"], "title": clean(media.get("title"))}
                    for media in item.get("relatedMedia") or []
                ],
                "withdrawn": "withdrawn" in status.casefold(),
            },
        )

    yield from each(items, read)
    limit, offset = number_in(response, "_limit"), number_in(response, "_offset")
    if len(items) == limit:
        yield page(response, "_offset", offset + limit, parse)


def _ids(item: dict[str, Any], name: str) -> list[str]:
    """The last part of each `@id` (http://data.food.gov.uk/food-alerts/def/AA → AA)."""
    return [str(node.get("@id", "")).rpartition("/")[2] for node in _nodes(item.get(name))]


def _labels(value: Any) -> list[str]:
    """The labels of a concept or of several; a label may itself be a list that repeats ("England", "England")."""
    labels = [node.get("label") or node.get("prefLabel") or "" for node in _nodes(value)]
    flat = [clean(part) for label in labels for part in (label if isinstance(label, list) else [label])]
    return list(dict.fromkeys(label for label in flat if label))


def _nodes(value: Any) -> list[dict[str, Any]]:
    nodes = value if isinstance(value, list) else [value]
    return [node for node in nodes if isinstance(node, dict)]

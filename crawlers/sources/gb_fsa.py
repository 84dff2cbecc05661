"""UK Food Standards Agency: alerts as linked data in JSON, a page of `items`, newest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawlers import origins
from crawlers.reading import Drift, Parsed, Record, clean, each, json_of, need, read_date, required, source_of


def parse(response: Response) -> Iterator[Parsed]:
    """One page of alerts, and the next one while the page is full."""
    items, source = need(json_of(response, dict), "items"), source_of(response)
    if not isinstance(items, list):
        raise Drift(f"field 'items' is a {type(items).__name__}, expected a list")

    def read(item: dict[str, Any]) -> Record:
        problems, products = item.get("problem") or [], item.get("productDetails") or []
        risks = [clean(problem.get("riskStatement")) for problem in problems]
        names = tuple(clean(product.get("productName")) for product in products)
        stated: dict[str, str | tuple[str, ...]] = {
            "type": next((kind for kind in _ids(item, "type") if kind != "Alert"), ""),
            "allergen": tuple(label for problem in problems for label in _labels(problem.get("allergen"))),
            "pathogenRisk": tuple(label for problem in problems for label in _labels(problem.get("pathogenRisk"))),
            "reason": tuple(label for problem in problems for label in _labels(problem.get("reason"))),
            "status": " ".join(_labels(item.get("status"))),
            "country": tuple(_labels(item.get("country"))),
            "reportingBusiness": clean((item.get("reportingBusiness") or {}).get("commonName")),
        }
        parts = (
            clean(need(item, "description")),
            *risks,
            clean(item.get("actionTaken")),
            clean(item.get("consumerAdvice")),
        )
        return Record(
            required(item, "notation"),
            {
                "symbol": required(item, "notation"),
                "document_type": str(stated["type"]),
                "title": required(item, "title"),
                "summary": "\n".join(dict.fromkeys(part for part in (parts[0], *risks) if part)),
                "text": "\n".join(part for part in parts if part),
                "products_text": "; ".join(name for name in names if name) or clean(item["title"]),
                "published": read_date("created", need(item, "created"), source.date_formats, source.timezone),
                "origins": origins.said("; ".join((*names, parts[0]))),
                "stated": {name: value for name, value in stated.items() if value},
                "url": (item.get("alertURL") or {}).get("@id") or required(item, "@id"),
                "documents": [
                    {"url": media["@id"], "title": clean(media.get("title"))}
                    for media in item.get("relatedMedia") or []
                ],
                "withdrawn": "withdrawn" in " ".join(_labels(item.get("status"))).casefold(),
            },
        )

    yield from each(items, read)
    limit, offset = (int(re.search(rf"{name}=(\d+)", response.url)[1]) for name in ("_limit", "_offset"))  # type: ignore[index]
    if len(items) == limit:
        yield Request(
            response.url.replace(f"_offset={offset}", f"_offset={offset + limit}"), callback=parse, dont_filter=True
        )


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

"""CPSC recalls: one bare JSON array, no paging. Lists of objects hold the words; most of their other keys are empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers import places
from crawlers.reading import (
    Drift,
    FieldError,
    Parsed,
    Record,
    clean,
    each,
    json_of,
    need,
    read_date,
    required,
    source_of,
)

#: Key of the recall → key of its objects that holds the words.
LISTS = {
    "Hazards": "Name",
    "Injuries": "Name",
    "Remedies": "Name",
    "RemedyOptions": "Option",
    "Manufacturers": "Name",
    "Importers": "Name",
    "Distributors": "Name",
    "Retailers": "Name",
    "ManufacturerCountries": "Country",
    "ProductUPCs": "UPC",
}


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each recall; an empty array is an empty window, and fine."""
    rows: list[Any] = json_of(response, list)
    if any(not isinstance(row, dict) for row in rows):
        raise Drift("the array holds something other than objects")
    formats = source_of(response).date_formats

    def read(row: dict[str, Any]) -> Record:
        lists = {name: _words(row, name, key) for name, key in LISTS.items()}
        products = [p for p in _objects(row, "Products") if clean(p.get("Name"))]
        names = tuple(dict.fromkeys(clean(p["Name"]) for p in products))
        stated: dict[str, str | tuple[str, ...]] = {
            "RecallNumber": clean(row.get("RecallNumber")),
            "SoldAtLabel": clean(row.get("SoldAtLabel")),
            "Products": names,
            "NumberOfUnits": tuple(clean(p.get("NumberOfUnits")) for p in products if clean(p.get("NumberOfUnits"))),
            "ProductType": tuple(clean(p.get("Type")) for p in products if clean(p.get("Type"))),
            "Model": tuple(clean(p.get("Model")) for p in products if clean(p.get("Model"))),
            **lists,
        }
        countries = [places.code(country) for country in lists["ManufacturerCountries"]]
        return Record(
            required(row, "RecallID"),
            {
                "symbol": clean(row.get("RecallNumber")),
                "title": required(row, "Title"),
                "summary": "\n".join(lists["Hazards"]),
                "text": "\n".join(part for part in (clean(need(row, "Description")), *lists["Remedies"]) if part),
                "products_text": "; ".join(names),
                "published": read_date("RecallDate", need(row, "RecallDate"), formats),
                "origins": tuple(dict.fromkeys(code for code in countries if code)),
                "stated": {name: value for name, value in stated.items() if value},
                "url": clean(row.get("URL")),
                "documents": [
                    {"url": clean(image["URL"]), "title": clean(image.get("Caption"))}
                    for image in _objects(row, "Images")
                    if clean(image.get("URL"))
                ]
                + [{"url": u, "title": "recall in conjunction"} for u in _words(row, "Inconjunctions", "URL")],
            },
        )

    yield from each(rows, read)


def _objects(row: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; null stands for an empty one. Raises FieldError for anything else."""
    value = need(row, name) or []
    if not isinstance(value, list) or any(not isinstance(item, dict) for item in value):
        raise FieldError(name, value, "is no list of objects")
    return value


def _words(row: dict[str, Any], name: str, key: str) -> tuple[str, ...]:
    return tuple(text for item in _objects(row, name) if (text := clean(item.get(key))))

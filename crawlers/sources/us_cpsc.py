"""CPSC recalls: one bare JSON array, no paging. Lists of objects hold the words; most of their other keys are empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, clean, day_of, each, json_of, need, required
from crawlers.wording import Labels, filled, joined

#: Key of the recall → key of its objects that holds the words.
NAMED = ("Hazards", "Injuries", "Remedies", "Manufacturers", "Importers", "Distributors", "Retailers")
LISTS = dict.fromkeys(NAMED, "Name") | {
    "RemedyOptions": "Option",
    "ManufacturerCountries": "Country",
    "ProductUPCs": "UPC",
}
IN_CONJUNCTION = "recall in conjunction"  # with Canada's or Mexico's authority


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each recall; an empty array is an empty window, and fine."""
    rows: list[Any] = json_of(response, list)
    if any(not isinstance(row, dict) for row in rows):
        raise Drift("the array holds something other than objects")

    def read(row: dict[str, Any]) -> Record:
        lists = {name: _words(_objects(row, name), key) for name, key in LISTS.items()}
        products = [p for p in _objects(row, "Products") if clean(p.get("Name"))]
        names = tuple(dict.fromkeys(clean(p["Name"]) for p in products))
        numbers, kinds, models = (_words(products, key) for key in ("NumberOfUnits", "Type", "Model"))
        images = [image for image in _objects(row, "Images") if clean(image.get("URL"))]
        stated: Labels = {
            "RecallNumber": clean(row.get("RecallNumber")),
            "SoldAtLabel": clean(row.get("SoldAtLabel")),
            "Products": names,
            "NumberOfUnits": numbers,
            "ProductType": kinds,
            "Model": models,
            **lists,
        }
        countries = [places.code(country) for country in lists["ManufacturerCountries"]]
        return Record(
            required(row, "RecallID"),
            {
                "symbol": clean(row.get("RecallNumber")),
                "title": required(row, "Title"),
                "summary": joined(lists["Hazards"]),
                "text": joined((clean(need(row, "Description")), *lists["Remedies"])),
                "products_text": "; ".join(names),
                "published": day_of(response, "RecallDate", need(row, "RecallDate")),
                "origins": tuple(dict.fromkeys(code for code in countries if code)),
                "stated": filled(stated),
                "url": clean(row.get("URL")),
                "documents": [{"url": clean(i["URL"]), "title": clean(i.get("Caption"))} for i in images]
                + [{"url": u, "title": IN_CONJUNCTION} for u in _words(_objects(row, "Inconjunctions"), "URL")],
            },
        )

    yield from each(rows, read)


def _objects(row: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; null stands for an empty one. Raises FieldError for anything else."""
    value = need(row, name) or []
    if not isinstance(value, list) or any(not isinstance(item, dict) for item in value):
        raise FieldError(name, value, "is no list of objects")
    return value


def _words(objects: list[dict[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(text for item in objects if (text := clean(item.get(key))))

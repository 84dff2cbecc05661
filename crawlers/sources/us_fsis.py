"""US FSIS recalls and public health alerts (meat, poultry, eggs, catfish): one JSON array with everything, in two languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers import origins
from crawlers.reading import Parsed, Record, clean, day_of, each, json_of, need, required, source_of, window_of
from crawlers.wording import Labels, filled, line

LANGUAGES = {"English": "en", "Spanish": "es"}
#: Strings with commas until 2025, arrays since.
LISTS = ("field_recall_reason", "field_states", "field_processing")
LABELS = (
    "field_recall_classification field_risk_level field_recall_type field_establishment field_active_notice "
    "field_archive_recall field_related_to_outbreak field_closed_date field_qty_recovered field_last_modified_date"
)


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each number with a day in the window: the English twin, or the Spanish while it is alone."""
    rows, window = json_of(response, list), window_of(response)
    home = source_of(response).home
    english = {_number(row) for row in rows if need(row, "langcode") == "English"}

    def read(row: dict[str, Any]) -> Record | None:
        number = "".join(required(row, "field_recall_number").split())
        if row["langcode"] != "English" and number in english:
            return None
        published = day_of(response, "field_recall_date", need(row, "field_recall_date"))
        changed = clean(row.get("field_last_modified_date"))
        days = {published, day_of(response, "field_last_modified_date", changed) if changed else published}
        if not any(day in window for day in days):
            return None
        title = line(required(row, "field_title"))
        goods = "\n".join(_parts(row.get("field_product_items")))
        summary = clean(need(row, "field_summary"))
        stated: Labels = {name: line("; ".join(_parts(row.get(name)))) for name in LABELS.split()}
        for name in LISTS:
            stated[name] = tuple(
                part.strip() for text in _parts(need(row, name)) for part in text.split(",") if part.strip()
            )
        return Record(
            number,
            {
                "symbol": number,
                "document_type": required(row, "field_recall_type"),
                "title": title,
                "summary": summary,
                "products_text": goods,
                "language": LANGUAGES.get(row["langcode"], "en"),
                "published": published,
                "origins": origins.said(f"{title}\n{summary}"),
                "stated": filled(stated),
                "url": clean(row.get("field_recall_url")).replace("http://", "https://", 1) or home,
            },
        )

    yield from each(rows, read)


def _number(row: dict[str, Any]) -> str:
    return "".join(clean(need(row, "field_recall_number")).split())


def _parts(value: object) -> list[str]:
    """A field that may be a string or an array of strings, as clean non-empty texts."""
    values = value if isinstance(value, list) else [value]
    return [text for text in map(clean, values) if text]

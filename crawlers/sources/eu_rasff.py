"""EU RASFF: the general-information view of DG SANTE's data lake, one JSON record a notification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawlers import places
from crawlers.reading import Parsed, Record, clean, day_of, each, json_of, listed, need, required
from crawlers.wording import Labels, filled, line

#: How the classification (Regulation (EU) 2019/1715, article 2) reads as a kind. An alert asks for rapid action against
#: goods on the market; information notifications report a finding.
KINDS = {"border rejection notification": "border_rejection", "alert notification": "recall", "news": "news"}
NEEDED = ("PRODUCT_CATEGORY_DESC", "NOTIFICATION_TYPE_DESC", "NOTIFYNG_COUNTRY_DESC", "RISK_DECISION_DESC")
LISTS = ("HAZARD_CATEGORY_NAME", "ORIGIN_COUNTRY_DESC", "DISTRIBUTION_COUNTRY_DESC")
#: Fields with a place of their own in the record.
PLACED = {"NOTIF_ID", "NOTIFICATION_REFERENCE", "NOTIF_DATE", "NOTIF_SUBJECT", "PRODUCT_NAME", *LISTS}


def parse(response: Response) -> Iterator[Parsed]:
    """One page of notifications, and the next one while the service links it."""
    page = json_of(response, dict)

    def read(row: dict[str, Any]) -> Record:
        reference = required(row, "NOTIFICATION_REFERENCE")
        for name in NEEDED:
            need(row, name)
        stated: Labels = {k: line(v) for k, v in row.items() if k not in PLACED}
        stated |= {name: split(need(row, name)) for name in LISTS}
        classification = required(row, "NOTIFICATION_CLASSIFICAT_DESC")
        codes = (places.code(name) for name in split(row["ORIGIN_COUNTRY_DESC"]))
        return Record(
            reference,
            {
                "kind": KINDS.get(classification.casefold(), "violation"),
                "symbol": reference,
                "document_type": classification,
                "title": line(required(row, "NOTIF_SUBJECT")),
                "products_text": line(need(row, "PRODUCT_NAME")),
                "published": day_of(response, "NOTIF_DATE", need(row, "NOTIF_DATE")),
                "origins": tuple(dict.fromkeys(code for code in codes if code)),
                "stated": filled(stated),
                "url": f"https://webgate.ec.europa.eu/rasff-window/screen/notification/{required(row, 'NOTIF_ID')}",
            },
        )

    yield from each(listed(page, "value"), read)
    if following := page.get("nextLink"):
        # The colons of the date must not travel percent-encoded, whoever wrote the link.
        yield Request(str(following).replace("%3A", ":").replace("%3a", ":"), callback=parse, dont_filter=True)


def split(value: object) -> tuple[str, ...]:
    """The parts of a field that joins several by ` *** `, with blanks folded ("imazalil   - {…}")."""
    return tuple(part for part in (line(part) for part in clean(value).split("***")) if part)

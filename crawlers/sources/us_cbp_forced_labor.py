"""US CBP withhold release orders and findings (forced labor, 19 U.S.C. 1307): a document page that links the current CSV."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, required, source_of
from crawlers.tables import csv_rows, whole
from crawlers.wording import Labels, decoded, filled, line, short_hash

NEEDED = ("Effective Date", "Country", "Merchandise", "WRO/Finding", "Industry", "Status", "Entity", "Remarks")
#: The authority gives no number: what an order is, of whom, of what and since when names it.
KEY = ("Effective Date", "Country", "Merchandise", "WRO/Finding", "Entity")
ENDED = re.compile(r"revoked|inactive|terminated|rescinded", re.IGNORECASE)
NAMES = {"WRO": "Withhold Release Order"}


def parse(response: Response) -> Iterator[Parsed]:
    """The document page: its name stays, the file's name carries the day it was made."""
    links = response.xpath(
        "//a/@href[contains(., 'withhold-release-orders-findings') and contains(., '.csv')]"
    ).getall()
    if not links:
        raise Drift("the page links no withhold-release-orders-findings….csv")
    newest = max(links, key=lambda link: re.findall(r"\d{4}-\d{2}(?:-\d{2})?", link))
    yield response.follow(newest, callback=parse_list, dont_filter=True)


def parse_list(response: Response) -> Iterator[Parsed]:
    """The whole list: active and ended orders. Entities and remarks hold commas and line ends."""
    twins: dict[str, list[list[str]]] = {}

    def read(row: dict[str, str]) -> Record | None:
        if not any(clean(whole(row)[name]) for name in ("Merchandise", "Entity", "Country")):
            return None  # spreadsheets leave empty rows
        kind, goods, country = required(row, "WRO/Finding"), line(required(row, "Merchandise")), clean(row["Country"])
        published = day_of(response, "Effective Date", row["Effective Date"])
        key = "|".join(re.sub(r"\W+", " ", clean(row[name])).casefold().strip() for name in KEY)
        number = short_hash(key, 20)
        # The same line twice is one order; lines that differ in what may change (status, remarks) are told apart.
        alike = twins.setdefault(number, [])
        if list(row.values()) not in alike:
            alike.append(list(row.values()))
        ordinal = alike.index(list(row.values())) + 1
        entity, status = line(row["Entity"]), required(row, "Status")
        release = clean(row.get("Press Release"))
        stated: Labels = {name: line(value) for name, value in row.items() if name and name != "Remarks"}
        order = f"{NAMES.get(kind, kind)}: {goods}"
        return Record(
            number if ordinal == 1 else f"{number}-{ordinal}",
            {
                "stage": "withdrawn" if ENDED.search(status) else "in_force",
                "document_type": NAMES.get(kind, kind),
                "title": order + (f" – {entity}" if entity else "") + (f" ({country})" if country else ""),
                "summary": clean(row["Remarks"]),
                "products_text": goods,
                "published": published,
                "milestones": [{"kind": "application", "date": published}],
                "origins": places.codes(country),
                "stated": filled(stated),
                "url": response.urljoin(release) if release.startswith(("/", "http")) else source_of(response).home,
            },
        )

    yield from each(csv_rows(io.StringIO(decoded(response.body), newline=""), NEEDED, "the list"), read)

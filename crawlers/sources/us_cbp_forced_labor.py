"""US CBP withhold release orders and findings (forced labor, 19 U.S.C. 1307): a document page that links the current CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator

from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, clean, each, read_date, required, source_of

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
    table = csv.DictReader(io.StringIO(_decoded(response.body), newline=""))
    table.fieldnames = [" ".join(name.split()) for name in table.fieldnames or ()]
    for name in NEEDED:
        if name not in table.fieldnames:
            raise Drift(f"the list has no column {name!r}; it has {table.fieldnames}")
    formats, twins = source_of(response).date_formats, dict[str, list[list[str]]]()

    def read(row: dict[str, str]) -> Record | None:
        if any(row[name] is None for name in NEEDED):
            raise FieldError("row", list(row.values()), "has fewer columns than the header")
        if not any(clean(row[name]) for name in ("Merchandise", "Entity", "Country")):
            return None  # spreadsheets leave empty rows
        kind, goods, country = required(row, "WRO/Finding"), _line(required(row, "Merchandise")), clean(row["Country"])
        published = read_date("Effective Date", row["Effective Date"], formats)
        key = "|".join(re.sub(r"\W+", " ", clean(row[name])).casefold().strip() for name in KEY)
        number = hashlib.sha256(key.encode()).hexdigest()[:20]
        # The same line twice is one order; lines that differ in what may change (status, remarks) are told apart.
        alike = twins.setdefault(number, [])
        if list(row.values()) not in alike:
            alike.append(list(row.values()))
        ordinal = alike.index(list(row.values())) + 1
        entity, status, code = _line(clean(row["Entity"])), required(row, "Status"), places.code(country)
        release = clean(row.get("Press Release"))
        stated: dict[str, str | tuple[str, ...]] = {
            name: _line(clean(value)) for name, value in row.items() if name and name != "Remarks"
        }
        return Record(
            number if ordinal == 1 else f"{number}-{ordinal}",
            {
                "stage": "withdrawn" if ENDED.search(status) else "in_force",
                "document_type": NAMES.get(kind, kind),
                "title": f"{NAMES.get(kind, kind)}: {goods}"
                + (f" – {entity}" if entity else "")
                + (f" ({country})" if country else ""),
                "summary": clean(row["Remarks"]),
                "products_text": goods,
                "published": published,
                "milestones": [{"kind": "application", "date": published}],
                "origins": (code,) if code else (),
                "stated": {name: value for name, value in stated.items() if value},
                "url": response.urljoin(release) if release.startswith(("/", "http")) else source_of(response).home,
            },
        )

    yield from each(table, read)


def _decoded(body: bytes) -> str:
    """The file says no encoding: UTF-8 with a mark at times, Windows-1252 at others (a 0xA0 blank)."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _line(text: str) -> str:
    return " ".join(text.split())

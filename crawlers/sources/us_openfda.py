"""US FDA enforcement reports (openFDA): one JSON record a recalled product - food, drugs, devices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapy.http import Response

from crawlers import origins, places
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, json_of, need, required
from crawlers.wording import Labels, cut, filled, joined, line, short_hash

#: openFDA says "nothing matches" with a 404 whose body is JSON.
STATUSES = (404,)
SKIP_LIMIT = 25_000  # beyond it only `search_after` (a Link header) goes on
LABELS = (
    "classification status product_type event_id recalling_firm city state country voluntary_mandated "
    "initial_firm_notification distribution_pattern product_quantity recall_initiation_date center_classification_date"
)
#: What openFDA adds to drugs from its own registers: lists of names.
HARMONIZED = ("brand_name", "generic_name", "manufacturer_name")


def parse(response: Response) -> Iterator[Parsed]:
    """One page of records, then the next: by the Link header where there is one, else by `skip`."""
    page = json_of(response, dict)
    if response.status == 404:
        error = page.get("error")
        if not isinstance(error, dict) or error.get("code") != "NOT_FOUND":
            raise Drift("HTTP 404 without openFDA's error.code NOT_FOUND")
        return
    total = need(need(need(page, "meta"), "results"), "total")
    rows, nameless = need(page, "results"), dict[str, list[Any]]()

    def read(row: dict[str, Any]) -> Record:
        number = clean(need(row, "recall_number"))
        if not number:  # not yet numbered: the event and what was recalled name it
            goods = short_hash(f"{row['product_description']}|{need(row, 'code_info')}", 16)
            number = f"event-{required(row, 'event_id')}-{goods}"
            alike = nameless.setdefault(number, [])
            if row not in alike:
                alike.append(row)
            number += f"-{alike.index(row) + 1}" if alike.index(row) else ""
        goods, firm = line(required(row, "product_description")), required(row, "recalling_firm")
        text = joined((clean(need(row, "code_info")), clean(row.get("more_code_info"))))
        abroad = places.code(clean(need(row, "country")))
        from_ = origins.said(f"{goods}\n{text}") or ((abroad,) if abroad and abroad != "US" else ())
        stated: Labels = {name: line(need(row, name)) for name in LABELS.split()}
        stated["termination_date"] = line(row.get("termination_date"))
        for name in HARMONIZED:
            stated[f"openfda.{name}"] = tuple(map(line, (row.get("openfda") or {}).get(name, ())))
        return Record(
            number,
            {
                "symbol": clean(row["recall_number"]),
                "document_type": required(row, "classification"),
                "title": f"{cut(goods, 160)} – {firm}",
                "summary": clean(need(row, "reason_for_recall")),
                "text": text,
                "products_text": goods,
                "published": day_of(response, "report_date", need(row, "report_date")),
                "origins": from_,
                "stated": filled(stated),
                "url": f"https://www.accessdata.fda.gov/scripts/ires/?Event={required(row, 'event_id')}",
            },
        )

    yield from each(rows, read)
    query = dict(parse_qsl(urlsplit(response.url).query))
    done = int(query.get("skip", 0)) + len(rows)
    link = re.search(r'<([^>]+)>;\s*rel="next"', (response.headers.get("Link") or b"").decode("latin-1"), re.IGNORECASE)
    if link:
        yield response.follow(link[1], callback=parse, dont_filter=True)
    elif rows and done < total:
        if done > SKIP_LIMIT:
            raise Drift(f"{total} records in one window: skip goes no further than {SKIP_LIMIT}, and there is no Link")
        query["skip"] = str(done)
        yield response.follow("?" + urlencode(query, safe="[]:"), callback=parse, dont_filter=True)

"""EU Safety Gate (the former RAPEX): the list of weekly reports, then one XML a report.

The format has stood since 2005; old reports leave `product` empty and put the goods into `description` (2005-2006),
begin `danger` with the word "null" (2013), and run the parts of `measures` together without a blank.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from scrapy import Request
from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, clean, each, read_date, source_of, window_of

DETAIL = (
    "https://ec.europa.eu/safety-gate-alerts/api/download/weeklyReport/detail/xml/{id}"
    "?language=en&search=WEB_REPORT%7C:%7C{id}"
)
FIELDS = frozenset(
    [
        "caseNumber",
        "reference",
        "category",
        "product",
        "riskType",
        "danger",
        "measures",
        "description",
        "countryOfOrigin",
        "level",
    ]
)
#: What an authority writes where it knows nothing.
UNKNOWN = frozenset({"", "unknown", "unkown", "not known", "n/a", "-", "--"})
LABELS = [
    "category",
    "riskType",
    "level",
    "type",
    "measures",
    "notifyingCountry",
    "countryOfOrigin",
    "brand",
    "name",
    "type_numberOfModel",
    "batchNumber",
    "barcode",
    "onlineTrader",
    "companyRecallCode",
    "productionDates",
]


def parse(response: Response) -> Iterator[Parsed]:
    """The list: one request for each weekly report published in the window."""
    root, window = _xml(response, "weeklyReport"), window_of(response)
    for entry in root.iter("weeklyReport"):
        day = read_date("publicationDate", _text(entry, "publicationDate"), source_of(response).date_formats)
        number = re.search(r"/detail/xml/(\d+)", _text(entry, "URL"))
        if number is None:
            raise Drift(f"weeklyReport/URL names no report: {_text(entry, 'URL')!r}")
        if window.since <= day <= window.until:
            yield Request(DETAIL.format(id=number[1]), callback=parse_report, dont_filter=True)


def parse_report(response: Response) -> Iterator[Parsed]:
    """One weekly report: a record for each `notifications` element; an empty week is none, and fine."""
    root = _xml(response, "report_date")
    published = read_date("report_date", _text(root, "report_date"), source_of(response).date_formats)
    rows = list(root.iter("notifications"))
    gone = FIELDS - {child.tag for row in rows[:1] for child in row} if rows else frozenset()
    if gone:
        raise Drift(f"notifications lack {', '.join(sorted(gone))}")

    def read(row: ET.Element) -> Record:
        number = re.search(r"/alertDetail/(-?\d+)\s*$", _text(row, "reference"))
        if number is None:
            raise FieldError("reference", _text(row, "reference"), "holds no alert number")
        measures = _measures(_text(row, "measures"))
        stated: dict[str, str | tuple[str, ...]] = {name: _text(row, name) for name in LABELS}
        stated |= {
            "measures": measures,
            "riskType": tuple(r for r in map(str.strip, _text(row, "riskType").split(",")) if r),
        }
        origin, recall = places.code(_text(row, "countryOfOrigin")), _text(row, "URLrecall")
        pictures = [p.text.strip() for p in row.iter("picture") if p.text]
        return Record(
            number[1],
            {
                "kind": "border_rejection" if _stopped_at_border(measures) else "recall",
                "symbol": _text(row, "caseNumber"),
                "document_type": _text(row, "level"),
                "title": _title(row),
                "summary": re.sub(r"^null\s+", "", _text(row, "danger")),
                "text": _text(row, "description"),
                "products_text": _text(row, "product") or _text(row, "description"),
                "published": published,
                "origins": (origin,) if origin else (),
                "stated": {name: value for name, value in stated.items() if value},
                "url": _text(row, "reference"),
                "documents": [
                    {"url": u, "title": "recall"} for u in re.findall(r"https?://(?:(?!https?://)\S)+", recall)
                ]
                + [{"url": url, "title": "picture"} for url in pictures],
            },
        )

    yield from each(rows, read, raw=lambda row: ET.tostring(row, encoding="unicode"))


def _title(row: ET.Element) -> str:
    """Goods, then brand, name and model where they are known: the system itself has no title."""
    goods = _known(row, "product") or _first_sentence(_known(row, "description")) or _known(row, "category")
    rest: list[str] = []
    for part in (_known(row, "brand"), _known(row, "name"), _known(row, "type_numberOfModel")):
        if part and part.casefold() not in " ".join([goods, *rest]).casefold():
            rest.append(part)
    title = f"{goods} – {' '.join(rest)}" if rest else goods
    return title if len(title) <= 200 else f"{title[:199].rstrip()}…"


def _known(row: ET.Element, name: str) -> str:
    text = _text(row, name).replace("\n", " ")
    return "" if text.casefold().strip(" .") in UNKNOWN else text


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[a-z)”])\.\s", text, maxsplit=1)[0][:150].rstrip(" .")


def _measures(text: str) -> str:
    """The parts on lines of their own: the export runs them together ("…from end usersDate of entry into force: …")."""
    parts = (
        r"(?<!^)\s*(?=Type of economic operator (?:to whom|taking)|Category of measure\(s\):|Date of entry into force:)"
    )
    return re.sub(parts, "\n", text)


def _stopped_at_border(measures: str) -> bool:
    """Refused at the border and nothing taken back inside: then it is no recall."""
    folded = measures.casefold()
    return "import rejected" in folded and not re.search("recall|withdraw|warning consumers", folded)


def _xml(response: Response, expected: str) -> ET.Element:
    try:
        root: ET.Element = fromstring(response.body)
    except (ET.ParseError, DefusedXmlException, ValueError) as error:
        raise Drift(f"not the XML it was: {type(error).__name__}: {error}") from error
    if root.find(f".//{expected}") is None:
        raise Drift(f"<{root.tag}> without <{expected}>")
    return root


def _text(row: ET.Element, name: str) -> str:
    """The text of a child, its own children's included (a case number of 2009 holds a <br/>); absent or nil → ""."""
    child = row.find(name)
    return "" if child is None else clean("".join(child.itertext()))

"""EU Safety Gate (the former RAPEX): the list of weekly reports, then one XML a report.

The format has stood since 2005; old reports leave `product` empty and put the goods into `description` (2005-2006),
begin `danger` with the word "null" (2013), and run the parts of `measures` together without a blank.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from scrapy import Request
from scrapy.http import Response

from crawlers import places
from crawlers.feeds import as_xml, root_of, text_of
from crawlers.reading import Drift, FieldError, Parsed, Record, day_of, each, window_of
from crawlers.wording import Labels, cut, filled

DETAIL = (
    "https://ec.europa.eu/safety-gate-alerts/api/download/weeklyReport/detail/xml/{id}"
    "?language=en&search=WEB_REPORT%7C:%7C{id}"
)
FIELDS = "caseNumber reference category product riskType danger measures description countryOfOrigin level"
#: What an authority writes where it knows nothing.
UNKNOWN = frozenset({"", "unknown", "unkown", "not known", "n/a", "-", "--"})
LABELS = (
    "category riskType level type measures notifyingCountry countryOfOrigin brand name type_numberOfModel batchNumber "
    "barcode onlineTrader companyRecallCode productionDates"
)


def parse(response: Response) -> Iterator[Parsed]:
    """The list: one request for each weekly report published in the window."""
    root, window = root_of(response, "weeklyReport"), window_of(response)
    for entry in root.iter("weeklyReport"):
        day = day_of(response, "publicationDate", text_of(entry, "publicationDate"))
        number = re.search(r"/detail/xml/(\d+)", text_of(entry, "URL"))
        if number is None:
            raise Drift(f"weeklyReport/URL names no report: {text_of(entry, 'URL')!r}")
        if day in window:
            yield Request(DETAIL.format(id=number[1]), callback=parse_report, dont_filter=True)


def parse_report(response: Response) -> Iterator[Parsed]:
    """One weekly report: a record for each `notifications` element; an empty week is none, and fine."""
    root = root_of(response, "report_date")
    published = day_of(response, "report_date", text_of(root, "report_date"))
    rows = list(root.iter("notifications"))
    gone = set(FIELDS.split()) - {child.tag for child in rows[0]} if rows else set()
    if gone:
        raise Drift(f"notifications lack {', '.join(sorted(gone))}")

    def read(row: ET.Element) -> Record:
        number = re.search(r"/alertDetail/(-?\d+)\s*$", text_of(row, "reference"))
        if number is None:
            raise FieldError("reference", text_of(row, "reference"), "holds no alert number")
        measures = _measures(text_of(row, "measures"))
        stated: Labels = {name: text_of(row, name) for name in LABELS.split()}
        stated |= {
            "measures": measures,
            "riskType": tuple(r for r in map(str.strip, text_of(row, "riskType").split(",")) if r),
        }
        origin, recall = places.code(text_of(row, "countryOfOrigin")), text_of(row, "URLrecall")
        pictures = [p.text.strip() for p in row.iter("picture") if p.text]
        return Record(
            number[1],
            {
                "kind": "border_rejection" if _stopped_at_border(measures) else "recall",
                "symbol": text_of(row, "caseNumber"),
                "document_type": text_of(row, "level"),
                "title": _title(row),
                "summary": re.sub(r"^null\s+", "", text_of(row, "danger")),
                "text": text_of(row, "description"),
                "products_text": text_of(row, "product") or text_of(row, "description"),
                "published": published,
                "origins": (origin,) if origin else (),
                "stated": filled(stated),
                "url": text_of(row, "reference"),
                "documents": [
                    {"url": u, "title": "recall"} for u in re.findall(r"https?://(?:(?!https?://)\S)+", recall)
                ]
                + [{"url": url, "title": "picture"} for url in pictures],
            },
        )

    yield from each(rows, read, raw=as_xml)


def _title(row: ET.Element) -> str:
    """Goods, then brand, name and model where they are known: the system itself has no title."""
    goods = _known(row, "product") or _first_sentence(_known(row, "description")) or _known(row, "category")
    rest: list[str] = []
    for part in (_known(row, "brand"), _known(row, "name"), _known(row, "type_numberOfModel")):
        if part and part.casefold() not in " ".join([goods, *rest]).casefold():
            rest.append(part)
    title = f"{goods} – {' '.join(rest)}" if rest else goods
    return cut(title, 200)


def _known(row: ET.Element, name: str) -> str:
    text = text_of(row, name).replace("\n", " ")
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

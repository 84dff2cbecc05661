"""ePing's workbook of every SPS and TBT notification since 1995: read row by row, whatever its size.

Columns are found by their normalised names: the daily file and the site's "Export Search Results" order them differently and
differ in some. The symbols and links stand inside `HYPERLINK` formulas (`crawlers.xlsx`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import quote

from defusedxml.common import DefusedXmlException
from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, Reject, clean, read_date, shorten, source_of, window_of
from crawlers.xlsx import Cell, rows

NEEDED = ("document symbol", "notifying member", "distribution date", "notification type", "title")
MILESTONES = {
    "final date for comments": "comment_deadline",
    "proposed adoption date": "adoption",
    "proposed entry into force date": "entry_into_force",
}
#: Columns kept verbatim under the authority's names; those that list values ("a; b; a") as tuples without repeats.
STATED = {
    "notification type": "Notification type",
    "specific regions or countries likely to be affected": "Specific regions or countries likely to be affected",
}
LISTS = {"objectives": "Objectives", "keywords": "Keywords"}
CELL_LIMIT = 32_767  # Excel's own: a longer cell is a damaged file, not a notification
ADDENDUM = re.compile(r"/(?:Add|Corr|Rev|Suppl)\.\d+$", re.IGNORECASE)
DATE = r"(\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December),? ?\d{4})"
IN_FORCE = re.compile(
    rf"(?:enter(?:s|ed)? into force|(?:is|are|was|were|became|becomes|be) effective) (?:as of|on|from) {DATE}",
    re.IGNORECASE,
)
MOVED = re.compile(rf"from {DATE} (?:to|until) {DATE}", re.IGNORECASE)
#: What the sentence before a moved date speaks of, in the words of the WTO's addendum form (G/TBT/35, G/SPS/7).
MOVED_KINDS = (
    ("comment", "comment_deadline"),
    ("entry into force", "entry_into_force"),
    ("adoption", "adoption"),
    ("", "application"),
)
#: What an addendum reports. The SPS keywords are ePing's own list; the sentences are those of the addendum form.
ADDENDUM_STAGES = (
    (
        "withdrawn",
        "withdrawal of the measure",
        r"(?:is|are|was|has been|have been) (?:hereby )?(?:withdrawn|revoked)|notified measure withdrawn|\bwithdraws the notice of proposed",
    ),
    (
        "postponed",
        "",
        r"(?:application|entry into force|compliance|effective|implementation)(?: date)? (?:\w+ ){0,4}(?:postponed|deferred|delayed)|\bpostpon(?:es|ement of)\b",
    ),
    (
        "adopted",
        "adoption/publication/entry into force of reg.",
        r"(?:is|was|were|has been|have been) (?:now )?adopted|notified measure (?:adopted|published|enters into force)|\bfinal rule\b",
    ),
    (
        "draft",
        "modification of final date for comments",
        r"comment period (?:is |has been )?(?:changed|extended|reopened)|deadline for (?:submitting )?comments ha(?:s|ve) been extended",
    ),
)


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each row distributed in the window. Raises Drift for a cut-off file or missing columns."""
    window, formats = window_of(response), source_of(response).date_formats
    try:
        for row in rows(response.body, NEEDED):
            if all(cell.value is None for cell in row.values()):
                continue
            try:
                published = read_date("Distribution date", _value(row, "distribution date"), formats)
                if window.since <= published <= window.until:
                    yield read(row, published, formats)
            except FieldError as error:
                raw = "\n".join(f"{name}: {cell.value}" for name, cell in row.items())
                yield Reject(raw, error.name, f"{error.reason}: {shorten(error.value)}", _text(row, "document symbol"))
    except (zipfile.BadZipFile, zlib.error, EOFError, ET.ParseError, DefusedXmlException, KeyError) as error:
        raise Drift(f"not the workbook it was: {type(error).__name__}: {error}") from error


def read(row: dict[str, Cell], published: dt.date, formats: tuple[str, ...]) -> Record:
    """The notice of one row: of a joint notification, the row's own member's. Raises FieldError."""
    for name, cell in row.items():
        if isinstance(cell.value, str) and len(cell.value) > CELL_LIMIT:
            raise FieldError(name, cell.value, f"has {len(cell.value)} characters, a cell holds {CELL_LIMIT}")
    member = places.code(_text(row, "notifying member"))
    if member is None:
        raise FieldError("Notifying Member", _text(row, "notifying member"), "is no known member")
    symbols = tuple(s for s in re.split(r"[,;]", re.sub(r"\s+", "", _text(row, "document symbol"))) if s)
    symbol = symbols[0] if len(symbols) == 1 else next((s for s in symbols if _member_of(s) == member), "")
    title, summary = _text(row, "title"), _text(row, "description")
    key = "|".join((_text(row, "notifying member"), published.isoformat(), title))
    milestones = _milestones(row, formats, summary)
    area = re.match(r"G/(SPS|TBT)/", symbol or (symbols[0] if symbols else ""))
    stated: dict[str, str | tuple[str, ...]] = {STATED[n]: _text(row, n) for n in STATED}
    stated |= {LISTS[n]: tuple(dict.fromkeys(p.strip() for p in _text(row, n).split(";") if p.strip())) for n in LISTS}
    stated["area"] = area[1] if area else ""
    return Record(
        symbol or hashlib.sha256(key.encode()).hexdigest()[:24],
        {
            "market": member,
            "stage": _stage(row, milestones, published, f"{title} {summary}"),
            "symbol": symbol,
            "parent_symbol": ADDENDUM.sub("", symbol) if ADDENDUM.search(symbol) else "",
            "joint_symbols": symbols if len(symbols) > 1 else (),
            "document_type": _text(row, "notification type"),
            "title": title,
            "summary": summary,
            "published": published,
            "milestones": milestones,
            "hs_codes": [{"code": code} for code in _codes(r"\d{2,6}", _text(row, "hs code s"))],
            "ics_codes": _codes(r"\d{2}(?:\.\d{3}(?:\.\d{2})?)?", _text(row, "ics code s")),
            "products_text": _text(row, "products covered"),
            "affected": places.codes(_text(row, "specific regions or countries likely to be affected")),
            "stated": {name: value for name, value in stated.items() if value},
            "url": _page(row, symbol),
            "documents": _documents(row),
        },
    )


def _member_of(symbol: str) -> str | None:
    """G/TBT/N/RWA/1200 → RW. The WTO writes ISO alpha-3, EU, and TPKM of its own."""
    part = re.match(r"G/(?:SPS|TBT)/N/([A-Z]{2,4})/", symbol)
    return None if part is None else "TW" if part[1] == "TPKM" else places.code(part[1])


def _milestones(row: dict[str, Cell], formats: tuple[str, ...], summary: str) -> list[dict[str, object]]:
    """The dates of the columns - or their words, where a member gives none - and dates the text says were moved."""
    found: list[dict[str, object]] = []
    for column, kind in MILESTONES.items():
        value = _value(row, column)
        if value is None or clean(value) in {"", "-"}:
            continue
        try:
            found.append({"kind": kind, "date": read_date(column, value, formats)})
        except FieldError:
            found.append({"kind": kind, "text": clean(value)[:500]})
    in_force = IN_FORCE.search(summary) if ADDENDUM.search(_text(row, "document symbol")) else None
    if in_force and all(m["kind"] != "entry_into_force" for m in found):
        found.append({"kind": "entry_into_force", "date": _day(in_force[1])})
    for moved in MOVED.finditer(summary):
        before = re.split(r"[.\n]", summary[: moved.start()])[-1].casefold()
        kind = next(kind for word, kind in MOVED_KINDS if word in before)
        old, new = map(_day, moved.groups())
        same = next((m for m in found if m["kind"] == kind and m.get("date") == new), None)
        if same is None:
            found.append(same := {"kind": kind, "date": new})
        same["replaces"] = old
    return found


def _day(text: str) -> dt.date:
    return read_date("Description", " ".join(text.replace(",", " ").split()), ["%d %B %Y"])


def _stage(row: dict[str, Cell], milestones: list[dict[str, object]], published: dt.date, text: str) -> str | None:
    """What the notification says of its measure's life: the dates, the SPS keyword, or the addendum form's sentence.

    A regular notification is of a proposed measure (TBT 2.9.2, SPS Annex B 5(b)), an emergency one of an adopted one
    (TBT 2.10, SPS Annex B 6); supplements (translations) and corrigenda say nothing of it.
    """
    kind, keywords = _text(row, "notification type").casefold(), _text(row, "keywords").casefold()
    past = {m["kind"] for m in milestones if isinstance(m.get("date"), dt.date) and m["date"] <= published}  # type: ignore[operator]
    if "addendum" in kind:
        open_until = [m["date"] for m in milestones if m["kind"] == "comment_deadline" and "date" in m]
        for stage, keyword, sentence in ADDENDUM_STAGES:
            if stage != "withdrawn" and any(isinstance(d, dt.date) and d >= published for d in open_until):
                return "draft"
            if (keyword and keyword in keywords) or re.search(sentence, text, re.IGNORECASE):
                return "in_force" if stage == "adopted" and "entry_into_force" in past else stage
        if any(m["kind"] == "entry_into_force" and "date" in m for m in milestones):
            return "in_force" if "entry_into_force" in past else "adopted"
        return None
    if "supplement" in kind or "corrigendum" in kind:
        return None
    if "entry_into_force" in past:
        return "in_force"
    return "adopted" if "adoption" in past or "emergency" in kind else "draft"


def _codes(pattern: str, text: str) -> tuple[str, ...]:
    """The codes of "8507 - Electric accumulators; 8703 - …": descriptions hold ";" and figures, codes repeat."""
    return tuple(dict.fromkeys(re.findall(rf"(?:^|;)\s*({pattern})\s+-\s", text)))


def _page(row: dict[str, Cell], symbol: str) -> str:
    link = row["document symbol"].link or f"https://eping.wto.org/en/Search?viewData={symbol}"
    return quote(re.sub(r"=\s+", "=", link), safe=":/?=&,%#")


def _documents(row: dict[str, Cell]) -> list[dict[str, str]]:
    found = [
        {"url": url, "title": "Notified document"}
        for url in re.findall(r"https?://[^\s\"]+", _text(row, "notified document"))
    ]
    for language in ("en", "fr", "es"):
        cell = row.get(f"link to notification {language}", Cell(None))
        url = cell.link or clean(cell.value)
        if url.startswith("http"):
            found.append({"url": url, "title": "Notification", "language": language})
    return found


def _value(row: dict[str, Cell], name: str) -> str | float | None:
    return row.get(name, Cell(None)).value


def _text(row: dict[str, Cell], name: str) -> str:
    return clean(_value(row, name))

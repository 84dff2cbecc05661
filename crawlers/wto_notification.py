"""A WTO notification (SPS, TBT) as ePing lays it out in columns: what a row says, whichever route brought it.

Both routes (`wto_eping_bulk`, `wto_eping_api`) read by this module, so that one notification has one id, facts and hash.
"""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import quote

from scrapy.http import Response

from crawlers import moved_dates, places, wto_stages
from crawlers.reading import FieldError, Record, clean, day_of
from crawlers.wording import Labels, filled, short_hash
from crawlers.xlsx import Cell

Row = dict[str, Cell]  # normalised column name → cell
#: Codes in the columns of codes.
HS, ICS = r"\d{2,6}", r"\d{2}(?:\.\d{3}(?:\.\d{2})?)?"
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
MOVED = moved_dates.pattern(moved_dates.DAY_FIRST)
#: What the sentence before a moved date speaks of, in the words of the WTO's addendum form (G/TBT/35, G/SPS/7).
MOVED_KINDS = (
    ("comment", "comment_deadline"),
    ("entry into force", "entry_into_force"),
    ("adoption", "adoption"),
    ("", "application"),
)


def read(response: Response, row: Row, published: dt.date) -> Record:
    """The notice of one row: of a joint notification, the row's own member's. Raises FieldError."""
    for name, cell in row.items():
        if isinstance(cell.value, str) and len(cell.value) > CELL_LIMIT:
            raise FieldError(name, cell.value, f"has {len(cell.value)} characters, a cell holds {CELL_LIMIT}")
    member = places.code(text(row, "notifying member"))
    if member is None:
        raise FieldError("Notifying Member", text(row, "notifying member"), "is no known member")
    symbols = tuple(s for s in re.split(r"[,;]", re.sub(r"\s+", "", text(row, "document symbol"))) if s)
    symbol = symbols[0] if len(symbols) == 1 else next((s for s in symbols if _member_of(s) == member), "")
    title, summary = text(row, "title"), text(row, "description")
    key = "|".join((text(row, "notifying member"), published.isoformat(), title))
    milestones = _milestones(response, row, summary)
    area = re.match(r"G/(SPS|TBT)/", symbol or (symbols[0] if symbols else ""))
    stated: Labels = {STATED[n]: text(row, n) for n in STATED}
    stated |= {LISTS[n]: tuple(dict.fromkeys(p.strip() for p in text(row, n).split(";") if p.strip())) for n in LISTS}
    stated["area"] = area[1] if area else ""
    return Record(
        symbol or short_hash(key, 24),
        {
            "market": member,
            "stage": wto_stages.stage(
                text(row, "notification type"), text(row, "keywords"), title, summary, milestones, published, symbol
            ),
            "symbol": symbol,
            "parent_symbol": ADDENDUM.sub("", symbol) if ADDENDUM.search(symbol) else "",
            "joint_symbols": symbols if len(symbols) > 1 else (),
            "document_type": text(row, "notification type"),
            "title": title,
            "summary": summary,
            "published": published,
            "milestones": milestones,
            "hs_codes": [{"code": code} for code in codes(HS, text(row, "hs code s"))],
            "ics_codes": codes(ICS, text(row, "ics code s")),
            "products_text": text(row, "products covered"),
            "affected": places.codes(text(row, "specific regions or countries likely to be affected")),
            "stated": filled(stated),
            "url": _page(row, symbol),
            "documents": _documents(row),
        },
    )


def _member_of(symbol: str) -> str | None:
    """G/TBT/N/RWA/1200 → RW. The WTO writes ISO alpha-3, EU, and TPKM of its own."""
    part = re.match(r"G/(?:SPS|TBT)/N/([A-Z]{2,4})/", symbol)
    return None if part is None else "TW" if part[1] == "TPKM" else places.code(part[1])


def _milestones(response: Response, row: Row, summary: str) -> list[dict[str, object]]:
    """The dates of the columns - or their words, where a member gives none - and dates the text says were moved."""
    found: list[dict[str, object]] = []
    for column, kind in MILESTONES.items():
        given = value(row, column)
        if given is None or clean(given) in {"", "-"}:
            continue
        try:
            found.append({"kind": kind, "date": day_of(response, column, given)})
        except FieldError:
            found.append({"kind": kind, "text": clean(given)[:500]})
    if all(m["kind"] != "entry_into_force" for m in found):
        addendum = ADDENDUM.search(text(row, "document symbol")) is not None
        day = wto_stages.entry_into_force(summary, addendum=addendum)
        if day is not None:
            found.append({"kind": "entry_into_force", "date": day})
    for change in moved_dates.moved(summary, MOVED):
        before = re.split(r"[.\n]", summary[: change.at])[-1].casefold()
        kind = next(kind for word, kind in MOVED_KINDS if word in before)
        moved_dates.note(found, kind, change)
    return found


def codes(pattern: str, listed: str) -> tuple[str, ...]:
    """The codes of "8507 - Electric accumulators; 8703 - …": descriptions hold ";" and figures, codes repeat."""
    return tuple(dict.fromkeys(re.findall(rf"(?:^|;)\s*({pattern})\s+-\s", listed)))


def _page(row: Row, symbol: str) -> str:
    link = row["document symbol"].link or f"https://eping.wto.org/en/Search?viewData={symbol}"
    return quote(re.sub(r"=\s+", "=", link), safe=":/?=&,%#")


def _documents(row: Row) -> list[dict[str, str]]:
    found = [
        {"url": url, "title": "Notified document"}
        for url in re.findall(r"https?://[^\s\"]+", text(row, "notified document"))
    ]
    for language in ("en", "fr", "es"):
        cell = row.get(f"link to notification {language}", Cell(None))
        url = cell.link or clean(cell.value)
        if url.startswith("http"):
            found.append({"url": url, "title": "Notification", "language": language})
    return found


def value(row: Row, name: str) -> str | float | None:
    return row.get(name, Cell(None)).value


def text(row: Row, name: str) -> str:
    return clean(value(row, name))

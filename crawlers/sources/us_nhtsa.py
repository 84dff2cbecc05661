"""US NHTSA safety recalls: a zip with one tab-separated row a make, model, year and component; a record here is a campaign.

The file has no header; the fields are those of NHTSA's own RCL.txt (29 since May 2025). RECORD_ID is a counter that is
dealt anew every day, so the campaign number is the id.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TextIO

from scrapy.http import Response

from crawlers.reading import Drift, FieldError, Parsed, Record, Reject, clean, day_of, shorten, window_of
from crawlers.wording import Labels, filled, joined
from crawlers.zips import member

FIELDS = (
    "RECORD_ID CAMPNO MAKETXT MODELTXT YEARTXT MFGCAMPNO COMPNAME MFGNAME BGMAN ENDMAN RCLTYPECD POTAFF ODATE INFLUENCED_BY "
    "MFGTXT RCDATE DATEA RPNO FMVSS DESC_DEFECT CONEQUENCE_DEFECT CORRECTIVE_ACTION NOTES RCL_CMPT_ID MFR_COMP_NAME "
    "MFR_COMP_DESC MFR_COMP_PTNO DO_NOT_DRIVE PARK_OUTSIDE"
)
#: Fields that differ from row to row of a campaign: kept as lists, each value once, in the order of the file.
LISTS = ("COMPNAME", "RCLTYPECD", "MFGTXT", "FMVSS", "RPNO", "MFR_COMP_NAME")
#: Fields of the campaign.
LABELS = "MFGNAME MFGCAMPNO POTAFF INFLUENCED_BY ODATE RCDATE DATEA CONEQUENCE_DEFECT DO_NOT_DRIVE PARK_OUTSIDE"
#: Closed vocabularies: a file without a header shows by them that its columns are where they were.
KNOWN = {"INFLUENCED_BY": ("MFR", "OVSC", "ODI"), "DO_NOT_DRIVE": ("Yes", "No"), "PARK_OUTSIDE": ("Yes", "No")}
VARYING = ("MAKETXT", "MODELTXT", "YEARTXT", *LISTS, *(name for name in LABELS.split() if name != "CONEQUENCE_DEFECT"))
UNKNOWN_DAY = "19010101"
MODELS_LIMIT = 120
PAGE = "https://www.nhtsa.gov/recalls?nhtsaId={}"

Row = dict[str, str]


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each campaign with a row received or entered in the window, from all its rows.

    The file is read twice, so that a campaign is whole when one row of it is new, and memory holds only the window.
    """
    window, wanted = window_of(response), dict[str, None]()
    since, until, strange = window.since.strftime("%Y%m%d"), window.until.strftime("%Y%m%d"), dict(KNOWN)
    with _file(response) as file:
        for row in _rows(file):
            if strange:
                strange = {name: values for name, values in strange.items() if row[name] not in values}
            if since <= row["RCDATE"] <= until or since <= row["DATEA"] <= until:
                wanted[row["CAMPNO"]] = None
    for name, values in strange.items():
        raise Drift(f"no row holds a known {name} ({', '.join(values)}): the columns moved, or there are none")
    campaigns: dict[str, list[Row]] = {number: [] for number in wanted}
    with _file(response) as file:
        for row in _rows(file):
            rows = campaigns.get(row["CAMPNO"])
            if rows is not None:
                # The narrative repeats in every row: after the first only what can differ is kept, once.
                short = {name: sys.intern(row[name]) for name in VARYING} if rows else row
                if short not in rows[1:]:
                    rows.append(short)
    for number, rows in campaigns.items():
        try:
            yield _record(response, number, rows)
        except FieldError as error:
            raw = "\n".join("\t".join(row.values()) for row in rows)
            yield Reject(raw, error.name, f"{error.reason}: {shorten(error.value)}", number)


def _file(response: Response) -> TextIO:
    return member(response.body, r"FLAT_RCL[^/]*\.txt$", "cp1252")


def _rows(file: TextIO) -> Iterator[Row]:
    """Lines as fields. Raises Drift for a line of another width: quotes do not quote here, and nothing can shift."""
    names = FIELDS.split()
    for number, line in enumerate(file, 1):
        values = line.rstrip("\r\n").split("\t")
        if len(values) != len(names):
            raise Drift(f"line {number} has {len(values)} fields, RCL.txt names {len(names)}")
        yield dict(zip(names, (value.strip() for value in values), strict=True))


def _record(response: Response, number: str, rows: list[Row]) -> Record:
    head = rows[0]
    if not number:
        raise FieldError("CAMPNO", number, "is empty")
    received = min((row["RCDATE"] or row["DATEA"] for row in rows), default="")
    models = list(dict.fromkeys(_vehicle(row) for row in rows))
    components = _each(rows, "COMPNAME")
    summary = joined((clean(head["DESC_DEFECT"]), clean(head["CONEQUENCE_DEFECT"])))
    stated: Labels = {name: _one(rows, name) for name in LABELS.split()}
    stated |= {name: _each(rows, name) for name in LISTS}
    goods = models[0] if len(models) == 1 else f"{models[0]} and {len(models) - 1} more"
    return Record(
        number,
        {
            "symbol": number,
            "document_type": "Safety recall",
            "title": f"{goods}: {'; '.join(components[:3]) or clean(head['MFR_COMP_NAME']) or 'safety recall'}",
            "summary": summary,
            "text": joined((clean(head["CORRECTIVE_ACTION"]), clean(head["NOTES"]))),
            "products_text": "; ".join(models[:MODELS_LIMIT])
            + (f"; … ({len(models)})" if len(models) > MODELS_LIMIT else ""),
            "published": day_of(response, "RCDATE", received),
            "stated": filled(stated),
            "url": PAGE.format(number),
        },
    )


def _vehicle(row: Row) -> str:
    year = "" if row["YEARTXT"] == "9999" else row["YEARTXT"]
    return joined((row["MAKETXT"], row["MODELTXT"], year), " ")


def _each(rows: list[Row], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for row in rows if (value := clean(row.get(name)))))


def _one(rows: list[Row], name: str) -> str:
    """The first value that says something; an advisory (Yes) of any row is one of the campaign."""
    values = [value for value in _each(rows, name) if value != UNKNOWN_DAY]
    return "Yes" if "Yes" in values else values[0] if values else ""

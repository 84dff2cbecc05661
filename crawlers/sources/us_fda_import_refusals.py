"""US FDA import refusals: a zip of two CSV files, one row a refused entry line and the table of the charges it names."""

from __future__ import annotations

from collections.abc import Iterator

from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, required, window_of
from crawlers.tables import csv_rows, whole
from crawlers.wording import Labels, filled, joined
from crawlers.zips import member

CHARGE_COLUMNS = ("ASC_ID", "CHRG_CODE", "CHRG_STMNT_TEXT", "SCTN_NAME")
#: What names a refusal: the line of an entry, and the part of it where a line was split.
KEY = ("ENTRY_NUM", "RFRNC_DOC_ID", "LINE_NUM", "LINE_SFX_ID")
LABELS = (
    "MFG_FIRM_FEI_NUM LGL_NAME CITY_NAME PROVINCE_STATE ISO_CNTRY_CODE PRODUCT_CODE DISTRICT FDA_SAMPLE_ANALYSIS "
    "PRIVATE_LAB_ANALYSIS"
)
PAGE = "https://www.accessdata.fda.gov/scripts/importrefusals/ir_detail.cfm?EntryId={}&DocId={}&LineId={}&SfxId={}"


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each line refused in the window, with its charges in words."""
    charges = {row["ASC_ID"].strip(): row for row in _rows(response, r"ACT_SECTION_CHARGES", CHARGE_COLUMNS)}
    if not charges:
        raise Drift("ACT_SECTION_CHARGES holds no charge: ASC_ID has no words")
    columns = (*KEY, *LABELS.split(), "REFUSAL_DATE", "REFUSAL_CHARGES", "PRDCT_CODE_DESC_TEXT")

    def read(row: dict[str, str]) -> Record | None:
        published = day_of(response, "REFUSAL_DATE", whole(row)["REFUSAL_DATE"])
        if published not in window_of(response):
            return None
        required(row, "ENTRY_NUM")
        key = [clean(row[name]) for name in KEY]
        goods, firm = required(row, "PRDCT_CODE_DESC_TEXT"), clean(row["LGL_NAME"])
        numbers = tuple(part.strip() for part in row["REFUSAL_CHARGES"].split(",") if part.strip())
        known = [charges[number] for number in numbers if number in charges]
        stated: Labels = {name: clean(row[name]) for name in LABELS.split()}
        stated["INDUSTRY_CODE"] = required(row, "PRODUCT_CODE")[:2]  # by FDA's Product Code Builder
        stated["REFUSAL_CHARGES"] = numbers
        stated["CHRG_CODE"] = tuple(clean(charge["CHRG_CODE"]) for charge in known)
        stated["SCTN_NAME"] = tuple(clean(charge["SCTN_NAME"]) for charge in known)
        return Record(
            "/".join(part for part in key if part),
            {
                "document_type": "Import refusal",
                "title": f"{goods} – {firm}" if firm else goods,
                "summary": joined(clean(charge["CHRG_STMNT_TEXT"] or charge["CHRG_CODE"]) for charge in known),
                "products_text": goods,
                "published": published,
                "origins": places.codes(clean(row["ISO_CNTRY_CODE"])),
                "stated": filled(stated),
                "url": PAGE.format(*key),
            },
        )

    yield from each(_rows(response, r"REFUSAL_ENTRY", columns), read)


def _rows(response: Response, name: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    with member(response.body, rf"{name}[^/]*\.csv$", "latin-1") as file:
        yield from csv_rows(file, columns, name)

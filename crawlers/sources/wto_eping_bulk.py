"""ePing's workbook of every SPS and TBT notification since 1995: read row by row, whatever its size.

Columns are found by their normalised names: the daily file and the site's "Export Search Results" order them differently and
differ in some. The symbols and links stand inside `HYPERLINK` formulas (`crawlers.xlsx`).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator

from defusedxml.common import DefusedXmlException
from scrapy.http import Response

from crawlers.reading import Drift, FieldError, Parsed, Reject, day_of, shorten, window_of
from crawlers.wto_notification import read, text, value
from crawlers.xlsx import rows

NEEDED = ("document symbol", "notifying member", "distribution date", "notification type", "title")


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each row distributed in the window. Raises Drift for a cut-off file or missing columns."""
    window = window_of(response)
    try:
        for row in rows(response.body, NEEDED):
            if all(cell.value is None for cell in row.values()):
                continue
            try:
                published = day_of(response, "Distribution date", value(row, "distribution date"))
                if published in window:
                    yield read(response, row, published)
            except FieldError as error:
                raw = "\n".join(f"{name}: {cell.value}" for name, cell in row.items())
                yield Reject(raw, error.name, f"{error.reason}: {shorten(error.value)}", text(row, "document symbol"))
    except (zipfile.BadZipFile, zlib.error, EOFError, ET.ParseError, DefusedXmlException, KeyError) as error:
        raise Drift(f"not the workbook it was: {type(error).__name__}: {error}") from error

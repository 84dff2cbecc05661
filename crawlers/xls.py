"""A small workbook as rows of values, whichever of Excel's two formats it came in. For a large one: `xlsx`."""

from __future__ import annotations

import io
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import openpyxl
import xlrd
import xlrd.compdoc
from defusedxml.common import DefusedXmlException

from crawlers.reading import Drift

Table = list[list[Any]]
#: What the two readers raise on a file that is cut off, another format, or hostile.
_UNREADABLE = (
    xlrd.XLRDError,
    xlrd.compdoc.CompDocError,
    zipfile.BadZipFile,
    zlib.error,
    ET.ParseError,
    DefusedXmlException,
    struct.error,
    AssertionError,
    LookupError,
    ValueError,
    TypeError,
    OSError,
)
#: Days between the 1904 calendar of old Macintosh workbooks and the 1900 one.
_SHIFT_1904 = 1462


def tables(body: bytes) -> Iterator[Table]:
    """The sheets in their order; dates are Excel serials (.xls) or datetimes (.xlsx). Raises Drift for what is no workbook."""
    try:
        if body[:2] == b"PK":
            book = openpyxl.load_workbook(io.BytesIO(body), read_only=True)
            yield from ([list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets)
            return
        old = xlrd.open_workbook(file_contents=body, logfile=io.StringIO())
        shift = _SHIFT_1904 if old.datemode else 0
        for sheet in old.sheets():
            yield [
                [cell.value + shift if cell.ctype == xlrd.XL_CELL_DATE else cell.value for cell in sheet.row(at)]
                for at in range(sheet.nrows)
            ]
    except _UNREADABLE as error:
        raise Drift(f"not a workbook: {type(error).__name__}: {error}; it begins {body[:40]!r}") from error

"""An XLSX workbook of any size, row by row: formulas of links readable, shared strings on disk, one row in memory.

openpyxl keeps all shared strings in memory, and neither it (`data_only`) nor calamine gives the text of a `HYPERLINK`
formula that has no cached value; ePing writes its symbols so. Everything goes through defusedxml's streaming parser.
"""

from __future__ import annotations

import io
import re
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from array import array
from collections.abc import Collection, Iterator
from typing import IO, NamedTuple

from defusedxml.ElementTree import iterparse

from crawlers.reading import Drift, clean, shorten


class Cell(NamedTuple):
    """A cell: text, number (dates are Excel serials) or None; `link` is the target of a `HYPERLINK` formula."""

    value: str | float | None
    link: str = ""


MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HYPERLINK = re.compile(r'HYPERLINK\(\s*"((?:[^"]|"")*)"\s*[,;]\s*"((?:[^"]|"")*)"\s*\)', re.IGNORECASE | re.DOTALL)


def rows(body: bytes, needed: Collection[str]) -> Iterator[dict[str, Cell]]:
    """The rows below the header of the first sheet, by normalised column name (`normalised`).

    The header is the first row, among ten, that has all of `needed`. Raises Drift where there is none; zipfile.BadZipFile,
    zlib.error, EOFError, KeyError or ET.ParseError for a file that is cut off or no workbook.
    """
    with zipfile.ZipFile(io.BytesIO(body)) as book, _Strings(book) as strings:
        header: dict[int, str] = {}
        for number, cells in enumerate(_sheet(book.open(_first_sheet(book)), strings)):
            if header:
                yield {name: cells.get(column, Cell(None)) for column, name in header.items()}
                continue
            names = {column: normalised(clean(cell.value)) for column, cell in cells.items()}
            if set(needed) <= set(names.values()):
                header = {column: name for column, name in names.items() if name}
            elif number >= 10:
                break
        if not header:
            raise Drift(f"no header row with {', '.join(needed)} among the first ten; the last is {shorten(names)}")


def normalised(name: str) -> str:
    """`Proposed entry  into  force date` → `proposed entry into force date`; `HS code(s)` → `hs code s`."""
    return " ".join(re.findall(r"[a-z]+", name.casefold()))


def _first_sheet(book: zipfile.ZipFile) -> str:
    names = [n for n in book.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)]
    if not names:
        raise KeyError("no worksheet in the file")
    return min(names, key=lambda n: (len(n), n))


def _sheet(file: IO[bytes], strings: _Strings) -> Iterator[dict[int, Cell]]:
    data: ET.Element | None = None
    for event, element in iterparse(file, events=("start", "end")):
        if event == "start":
            data = element if element.tag == f"{MAIN}sheetData" else data
        elif element.tag == f"{MAIN}row":
            yield {_column(cell.get("r", ""), at): _cell(cell, strings) for at, cell in enumerate(element)}
            if data is not None:
                data.clear()  # the row just read is the only one in memory


def _column(reference: str, otherwise: int) -> int:
    column = 0
    for letter in re.match(r"[A-Z]*", reference)[0]:  # type: ignore[index]
        column = column * 26 + ord(letter) - 64
    return column - 1 if column else otherwise


def _cell(cell: ET.Element, strings: _Strings) -> Cell:
    kind, formula, value = cell.get("t", "n"), cell.findtext(f"{MAIN}f") or "", cell.findtext(f"{MAIN}v") or ""
    link = HYPERLINK.search(formula)
    if link:
        return Cell(_unescaped(link[2].replace('""', '"').strip()), link[1].replace('""', '"').strip())
    if kind == "inlineStr":
        return Cell(_unescaped("".join(t.text or "" for t in cell.iter(f"{MAIN}t"))) or None)
    if not value or kind == "e":
        return Cell(None)
    if kind == "s":
        return Cell(_unescaped(strings[int(value)]) or None)
    return Cell(float(value) if kind == "n" else _unescaped(value))


def _unescaped(text: str) -> str:
    """Excel writes characters XML cannot hold as `_x000D_`."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text) if "_x" in text else text


class _Strings:
    """The workbook's shared strings, in a temporary file: only their offsets are in memory (8 bytes each)."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - closed in __exit__
        self._ends = array("Q", [0])
        if "xl/sharedStrings.xml" in book.namelist():
            table: ET.Element | None = None
            for event, element in iterparse(book.open("xl/sharedStrings.xml"), events=("start", "end")):
                if event == "start":
                    table = element if table is None else table
                elif element.tag == f"{MAIN}si":
                    text = "".join(t.text or "" for t in element.iter(f"{MAIN}t")).encode("utf-8", "replace")
                    self._file.write(text)
                    self._ends.append(self._ends[-1] + len(text))
                    if table is not None:
                        table.clear()  # else a million empty elements stay

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends) - 1:
            raise KeyError(f"shared string {index} of {len(self._ends) - 1}")
        self._file.seek(self._ends[index])
        return self._file.read(self._ends[index + 1] - self._ends[index]).decode("utf-8", "replace")

    def __enter__(self) -> _Strings:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

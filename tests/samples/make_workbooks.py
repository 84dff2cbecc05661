"""Makes the workbooks of the samples from the YAML beside them, so that a reviewer can read what is in a binary file.

    python tests/samples/make_workbooks.py          # writes every workbook anew
    python tests/samples/make_workbooks.py --check  # exit 1 where a committed workbook is not what its YAML makes

A `*.workbook.yml` holds `file` (.xlsx or .xls, beside it), `sheet`, `title` (rows above the header), `columns`, `rows` (by
column; a row may leave columns out) and `links`: columns written as `HYPERLINK` formulas without cached values, as ePing
writes them, with the address by column ("{}" stands for the text). Dates become Excel serials. Both formats are
written byte for byte the same each time.
"""

from __future__ import annotations

import datetime as dt
import io
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlwt
import yaml

HERE = Path(__file__).parent
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
    '<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/>'
    f'<Relationship Id="rId3" Type="{REL}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet {MAIN}><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf xfId="0"/><xf numFmtId="14" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def serial(day: dt.date) -> int:
    return (day - dt.date(1899, 12, 30)).days


def letter(column: int) -> str:
    name = ""
    while column >= 0:
        name, column = chr(65 + column % 26) + name, column // 26 - 1
    return name


def xlsx(book: dict[str, Any]) -> bytes:
    """The workbook with shared strings, as the daily file has them."""
    strings: dict[str, int] = {}

    def cell(at: str, value: Any, link: str | None) -> str:
        if value is None:
            return ""
        if link is not None:
            target, text = (str(v).replace('"', '""') for v in (link.replace("{}", str(value)), f" {value}"))
            return f'<c r="{at}"><f>{escape(f"""HYPERLINK("{target}","{text}")""")}</f><v/></c>'
        if isinstance(value, dt.date):
            return f'<c r="{at}" s="1"><v>{serial(value)}</v></c>'
        if isinstance(value, int | float):
            return f'<c r="{at}"><v>{value}</v></c>'
        return f'<c r="{at}" t="s"><v>{strings.setdefault(str(value), len(strings))}</v></c>'

    links = book.get("links", {})
    lines = [[t] for t in book.get("title", [])] + [book["columns"]]
    body = []
    for number, line in enumerate(lines, 1):
        body.append(
            f'<row r="{number}">{"".join(cell(f"{letter(i)}{number}", v, None) for i, v in enumerate(line))}</row>'
        )
    for number, row in enumerate(book["rows"], len(lines) + 1):
        cells = (cell(f"{letter(i)}{number}", row.get(c), links.get(c)) for i, c in enumerate(book["columns"]))
        body.append(f'<row r="{number}">{"".join(cells)}</row>')
    shared = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
    parts = PARTS | {
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{REL}"><sheets><sheet name="{escape(book["sheet"])}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f"<worksheet {MAIN}><sheetData>{''.join(body)}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f'<sst {MAIN} count="{len(strings)}" uniqueCount="{len(strings)}">{shared}</sst>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            archive.writestr(info, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + parts[name])
    return file.getvalue()


def xls(book: dict[str, Any]) -> bytes:
    """The old binary format, as MHLW publishes its months."""
    out = xlwt.Workbook(encoding="utf-8")
    sheet, day = out.add_sheet(book["sheet"]), xlwt.easyxf(num_format_str="YYYY/MM/DD")
    lines = [[t] for t in book.get("title", [])] + [book["columns"]]
    for at, line in enumerate(lines):
        for column, text in enumerate(line):
            sheet.write(at, column, text)
    for at, row in enumerate(book["rows"], len(lines)):
        for column, name in enumerate(book["columns"]):
            value = row.get(name)
            if isinstance(value, dt.date):
                sheet.write(at, column, serial(value), day)
            elif value is not None:
                sheet.write(at, column, value)
    file = io.BytesIO()
    out.save(file)
    return file.getvalue()


def make(source: Path) -> tuple[Path, bytes]:
    book = yaml.safe_load(source.read_text(encoding="utf-8"))
    target = source.parent / book["file"]
    return target, (xlsx if target.suffix == ".xlsx" else xls)(book)


def sources() -> list[Path]:
    return sorted(HERE.rglob("*.workbook.yml"))


def main() -> int:
    stale = []
    for source in sources():
        target, body = make(source)
        if target.exists() and target.read_bytes() == body:
            continue
        stale.append(target)
        if "--check" not in sys.argv:
            target.write_bytes(body)
    for target in stale:
        print(("differs from its YAML: " if "--check" in sys.argv else "written: ") + str(target.relative_to(HERE)))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

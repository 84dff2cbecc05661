"""Bodies made wrong in a way that fits their format, whatever the source: found by trial on its own sample.

* `records(folder, change)` - the sample with its list of records changed (emptied, halved, doubled). Which part of a JSON,
  XML, HTML, CSV or workbook is "the list" is found by emptying one candidate after the other until nothing is read.
* `renamed(source_id, folder)` - the sample with one field renamed: a name the parser itself spells out, whose loss the
  parser notices.
"""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import xlrd
import xlwt
from lxml import etree
from lxml import html as lxml_html

from crawlers import dry, source

Rows = list[Any]
Change = Callable[[Rows], Rows]
#: (number of the line in the manifest, body) → body.
Body = Callable[[int, bytes], bytes]


def EMPTIED(_: Rows) -> Rows:  # noqa: N802 - a constant that happens to be a function
    return []


def HALVED(rows: Rows) -> Rows:  # noqa: N802
    return rows[: len(rows) // 2]


def DOUBLED(rows: Rows) -> Rows:  # noqa: N802
    return [row for row in rows for _ in range(2)]


def rewritten(folder: Path, out: Path, body: Body) -> Path:
    """The replay folder with every body passed through `body(number, bytes)`."""
    out.mkdir(parents=True)
    lines = []
    for number, line in enumerate((folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()):
        entry = json.loads(line)
        if entry.get("file"):
            raw = (folder / entry["file"]).read_bytes()
            if entry["file"].endswith(".gz"):
                raw = gzip.decompress(raw)
            entry["file"] = f"{number}.body"
            (out / entry["file"]).write_bytes(body(number, raw))
        lines.append(json.dumps(entry))
    (out / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out


def records(source_id: str, folder: Path, scratch: Path, change: Change) -> Path | None:
    """The sample with its list of records changed; None where no part of it could be found to be the list."""
    if source_id not in _PLACES:
        _PLACES[source_id] = _search(source_id, folder, scratch)
    place = _PLACES[source_id]
    if place is None:
        return None
    name, holders = place
    whole = dry.read(source_id, folder)
    fitting = set()
    for number in sorted(holders):
        # On one page the change may end the paging early, or tear what is no list there: such a page stays as it is.
        out = rewritten(folder, scratch / f"fits-{number}", _at({number}, name, change))
        result = dry.read(source_id, out)
        if result.drifts or result.unlisted or result.failed:
            continue
        if change is DOUBLED and {n.id for n in result.notices} == {n.id for n in whole.notices}:
            return out
        if len(result.notices) < len(whole.notices):
            fitting.add(number)
    return rewritten(folder, scratch / "changed", _at(fitting or holders, name, change))


#: source → (name of the list, numbers of the answers that hold it).
_PLACES: dict[str, tuple[str, frozenset[int]] | None] = {}


def _at(answers: Iterable[int], name: str, change: Change) -> Body:
    chosen = set(answers)
    return lambda number, raw: _changed(raw, name, change) if number in chosen else raw


def _search(source_id: str, folder: Path, scratch: Path) -> tuple[str, frozenset[int]] | None:
    """The list, of all repeated things in all answers: halved, whole records are left; emptied, least is left."""
    sizes: Counter[str] = Counter()
    holders: dict[str, set[int]] = {}

    def collect(number: int, raw: bytes) -> bytes:
        for name, size in _lists(raw):
            sizes[name] = max(sizes[name], size)
            holders.setdefault(name, set()).add(number)
        return raw

    rewritten(folder, scratch / "collect", collect)
    whole = len(dry.read(source_id, folder).notices)
    best: tuple[tuple[bool, int], str] | None = None
    for serial, (name, _) in enumerate(sizes.most_common(80)):
        left, _ = _left(source_id, folder, scratch / f"empty-{serial}", holders[name], name, EMPTIED)
        if left >= whole:
            continue
        half, torn = _left(source_id, folder, scratch / f"half-{serial}", holders[name], name, HALVED)
        score = (torn or half >= whole, left)  # half of the cells of a row breaks it; half of the rows does not
        if best is None or score < best[0]:
            best = (score, name)
        if score == (False, 0):
            break
    return (best[1], frozenset(holders[best[1]])) if best else None


def _left(
    source_id: str, folder: Path, out: Path, answers: Iterable[int], name: str, change: Change
) -> tuple[int, bool]:
    result = dry.read(source_id, rewritten(folder, out, _at(answers, name, change)))
    return len(result.notices), bool(result.drifts)


# -- formats ---------------------------------------------------------------------------------------------------------


def _kind(raw: bytes) -> str:
    if raw[:2] == b"PK":
        return "xlsx" if b"xl/workbook.xml" in raw else "zip"
    if raw[:4] == b"\xd0\xcf\x11\xe0":
        return "xls"
    start = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start[:1] in (b"{", b"["):
        return "json"
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    return "xml" if start.startswith(b"<") else "text"


def _lists(raw: bytes) -> Iterator[tuple[str, int]]:
    """Names of the lists in a body, with their lengths."""
    kind = _kind(raw)
    if kind == "json":
        yield from _json_lists(json.loads(raw), "")
    elif kind in ("xml", "html"):
        root = _tree(raw, kind)
        for parent in root.iter():
            if isinstance(parent.tag, str):
                counts = Counter(child.tag for child in parent if isinstance(child.tag, str))
                yield from ((f"{kind}:{_path(parent)}/{tag}", n) for tag, n in counts.items())
    elif kind == "zip":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for name in archive.namelist():
                yield f"zip:{name}", 1_000
    else:
        yield kind, 1_000


def _json_lists(value: Any, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(value, list):
        if any(isinstance(item, dict) for item in value) or not value:
            yield f"json:{path}", len(value)
        for item in value[:3]:
            yield from _json_lists(item, f"{path}/*")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _json_lists(item, f"{path}/{name}")


def _changed(raw: bytes, locator: str, change: Change) -> bytes:
    kind = _kind(raw)
    if not locator.startswith(kind):
        return raw
    path = locator.partition(":")[2]
    if kind == "json":
        return json.dumps(
            _json_changed(json.loads(raw), [p for p in path.split("/") if p], change), ensure_ascii=False
        ).encode()
    if kind in ("xml", "html"):
        return _tree_changed(raw, kind, path, change)
    if kind == "zip":
        return _zipped(raw, lambda name, body: _text_changed(body, change) if name == path else body)
    return {"text": _text_changed, "xlsx": _xlsx_changed, "xls": _xls_changed}[kind](raw, change)


def _json_changed(value: Any, path: list[str], change: Change) -> Any:
    if not path:
        return change(value) if isinstance(value, list) else value
    head, *rest = path
    if head == "*" and isinstance(value, list):
        return [_json_changed(item, rest, change) for item in value]
    if isinstance(value, dict) and head in value:
        return value | {head: _json_changed(value[head], rest, change)}
    return value


def _tree(raw: bytes, kind: str) -> Any:
    if kind == "html":
        return lxml_html.document_fromstring(raw, parser=lxml_html.HTMLParser(encoding=_encoding(raw)))
    return etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))


def _encoding(raw: bytes) -> str:
    """Of an HTML page, whose head may not say it (the HTTP header does)."""
    for encoding in ("utf-8", "cp932", "cp1256"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _path(node: Any) -> str:
    names = [node.tag, *(up.tag for up in node.iterancestors())]
    return "/".join(reversed(names))


def _tree_changed(raw: bytes, kind: str, path: str, change: Change) -> bytes:
    root = _tree(raw, kind)
    parent_path, _, tag = path.rpartition("/")
    if "}" in path:  # a name space holds slashes of its own
        match = re.match(r"(.*)/((?:\{[^}]*\})?[^/{}]+)$", path)
        parent_path, tag = (match[1], match[2]) if match else (parent_path, tag)
    for parent in list(root.iter()):
        if isinstance(parent.tag, str) and _path(parent) == parent_path:
            rows = [child for child in parent if child.tag == tag]
            if not rows:
                continue
            at = list(parent).index(rows[0])
            kept = [etree.fromstring(etree.tostring(row, with_tail=False)) for row in change(rows)]
            for row in rows:
                parent.remove(row)
            for number, row in enumerate(kept):
                parent.insert(at + number, row)
    if kind == "html":
        return bytes(lxml_html.tostring(root, encoding=_encoding(raw), include_meta_content_type=True))
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _text_changed(raw: bytes, change: Change) -> bytes:
    """CSV or tab-separated: the first line is the header where the parser needs one; data lines are whole records."""
    lines = raw.splitlines(keepends=True)
    head = 1 if lines and re.match(rb'["\w\xef\xbb\xbf ]+[,|\t]', lines[0]) and not lines[0][:1].isdigit() else 0
    rows = list(csv.reader(io.StringIO(raw.decode("latin-1"))))
    if len(rows) == len(lines):
        return b"".join(lines[:head] + change(lines[head:]))
    return b"".join(lines[:head])


def _zipped(raw: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def _xlsx_changed(raw: bytes, change: Change) -> bytes:
    book, out = openpyxl.load_workbook(io.BytesIO(raw)), openpyxl.Workbook()
    for number, sheet in enumerate(book.worksheets):
        target = out.active if number == 0 else out.create_sheet(sheet.title)
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        for values in rows[:1] + change(rows[1:]):
            target.append(values)
    stream = io.BytesIO()
    out.save(stream)
    return stream.getvalue()


def _xls_changed(raw: bytes, change: Change) -> bytes:
    """Title and header stay; what follows the header (the first row with five texts) is data."""
    book, out = xlrd.open_workbook(file_contents=raw), xlwt.Workbook()
    for sheet in book.sheets():
        target = out.add_sheet(sheet.name[:31])
        rows = [sheet.row_values(n) for n in range(sheet.nrows)]
        heads = [n for n, row in enumerate(rows) if sum(isinstance(v, str) and bool(v.strip()) for v in row) >= 5]
        head = (heads[0] + 1) if heads else 0
        for r, values in enumerate(rows[:head] + change(rows[head:])):
            for c, value in enumerate(values):
                target.write(r, c, value)
    stream = io.BytesIO()
    out.save(stream)
    return stream.getvalue()


# -- a renamed field -------------------------------------------------------------------------------------------------


def renamed(source_id: str, folder: Path, scratch: Path) -> tuple[Path, str] | None:
    """A folder in which one field is renamed so that the parser says so, naming it; and that name."""
    for number, token in enumerate(_tokens(source_id)):
        hits: list[int] = []

        def body(number: int, raw: bytes, token: str = token, hits: list[int] = hits) -> bytes:
            changed = _without(raw, token)
            if changed != raw:
                hits.append(number)
            return changed

        out = rewritten(folder, scratch / f"renamed-{number}", body)
        if hits and any(token in drift for drift in dry.read(source_id, out).drifts):
            return out, token
    # No name is printed (a table without a header): a column that is gone must be told by the number of fields.
    out = rewritten(folder, scratch / "shifted", lambda _, raw: _shifted(raw))
    return (out, "field") if any("field" in drift for drift in dry.read(source_id, out).drifts) else None


def _shifted(raw: bytes) -> bytes:
    """Tab-separated lines without their first column."""
    if raw[:2] == b"PK":
        return _zipped(raw, lambda _, body: _shifted(body))
    return b"".join(line.partition(b"\t")[2] or line for line in raw.splitlines(keepends=True))


def _tokens(source_id: str) -> list[str]:
    """String constants of the parser: the names it knows the authority's fields by; the most particular first."""
    tree = ast.parse((source.HERE / f"{source_id}.py").read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    words = {word for text in texts for word in (text, *text.split()) if 2 <= len(word) <= 60 and "\n" not in word}
    words |= {name for text in texts for name in re.findall(r"[A-Za-z_][\w-]{2,}", text)}
    return sorted(words, key=lambda word: (-len(word), word))


def _without(raw: bytes, token: str) -> bytes:
    if raw[:2] == b"PK":
        return _zipped(raw, lambda _, body: _without(body, token))
    wrong = token[:-1] + ("x" if token[-1] != "x" else "y")
    for encoding in ("utf-8", "utf-16-le", "cp932"):
        try:
            old, new = token.encode(encoding), wrong.encode(encoding)
        except UnicodeEncodeError:
            continue
        if encoding == "utf-16-le" or not token.isascii():
            raw = raw.replace(old, new)
        else:
            raw = re.sub(rb"(?<![A-Za-z0-9_])" + re.escape(old) + rb"(?![A-Za-z0-9_])", lambda _, new=new: new, raw)
    return raw

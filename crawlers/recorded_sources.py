"""How each source's recordings become answers: one function a source, in `BUILDERS`.

A function gets the source's folder of recordings, the replay folder to fill, and `variant`: where several recordings
answer the same request (one feed on three days), 0 is the newest. It returns the clock of the recording.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import gzip
import html
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlrd

from crawlers import requests
from crawlers.reading import Window
from crawlers.source import load

JSON, XLSX = "application/json", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_ZIP, XML, HTML = "application/zip", "application/xml", "text/html; charset=UTF-8"


class NotRecorded(ValueError):
    """No replay folder can be built for that source. The message says why."""


@dataclass
class Folder:
    """A replay folder while it is written; `used` are the recordings in it. `prefix` keeps the files of several sources in one folder apart."""

    out: Path
    prefix: str = ""
    rows: list[dict[str, object]] = field(default_factory=list)
    used: set[Path] = field(default_factory=set)

    def body(self, name: str, url: str, body: bytes, content_type: str, **more: object) -> None:
        """One answer with a body of ours. `more`: further keys of the manifest (`method`, `query_any`, …)."""
        (self.out / f"{self.prefix}{name}").write_bytes(body)
        self.rows.append({"url": url, "file": f"{self.prefix}{name}", "headers": {"Content-Type": content_type}} | more)

    def file(self, recorded: Path, url: str, content_type: str, **more: object) -> None:
        """One answer with a recorded body."""
        self.body(recorded.name, url, self.read(recorded), content_type, **more)

    def read(self, recorded: Path) -> bytes:
        """A recorded body that goes into the folder in another wrapping."""
        self.used.add(recorded)
        return recorded.read_bytes()


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)


def _safety_gate(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """730 weekly reports; the list that leads to them is constructed from their own dates."""
    base = "https://ec.europa.eu/safety-gate-alerts/api/download/weeklyReport"
    entries, last = [], dt.date.min
    for path in sorted((recordings / "weekly").glob("report_*.xml.gz")):
        number = path.name.removeprefix("report_").removesuffix(".xml.gz")
        with gzip.open(path, "rb") as file:
            head = file.read(4096).decode("utf-8", "replace")
        found = re.search(r"<report_date>\s*(\d\d)/(\d\d)/(\d{4})", head)
        if found is None:
            raise NotRecorded(f"{path.name}: no <report_date> in its first 4 KB")
        day = dt.date(int(found[3]), int(found[2]), int(found[1]))
        last = max(last, day)
        folder.file(path, f"{base}/detail/xml/{number}?language=en&search=WEB_REPORT%7C:%7C{number}", "application/xml")
        entries.append(
            f"<weeklyReport><reference>Report {number}</reference><publicationDate>{day:%d/%m/%Y}</publicationDate>"
            f"<URL>{base}/detail/xml/{number}?language=en</URL></weeklyReport>"
        )
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Safety-Gate>{"".join(entries)}</Safety-Gate>\n'
    folder.body("list.xml", load("eu_safety_gate").requests[0].url, body.encode(), "application/xml")
    return _noon(last)


def _wto_bulk(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """The site's export of four days stands for the daily workbook: it has the same columns, and one more."""
    (path,) = sorted((recordings.parent / "wto_eping").glob("export_*.xlsx"))
    folder.file(path, load("wto_eping_bulk").requests[0].url, XLSX)
    return _noon(dt.date.fromisoformat(path.stem.rpartition("_")[2]))


def _cpsc(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    (path,) = sorted(recordings.glob("saferproducts_Recall_*.json"))
    rows = json.loads(path.read_text(encoding="utf-8"))
    folder.file(path, load("us_cpsc").requests[0].url, JSON, query_any=["RecallDateStart", "RecallDateEnd"])
    return _noon(max(dt.date.fromisoformat(row["RecallDate"][:10]) for row in rows))


def _federal_register(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """Three recorded answers in place of the two queries of the source: the shape is right, the topic another.

    The paged answer leads to a next page that was not recorded; the answer of two rules is put there.
    """
    dates = ["conditions[publication_date][gte]", "conditions[publication_date][lte]"]
    rules, notices = load("us_federal_register").requests
    search = recordings / "federalregister_v1_documents_search.json"
    paged = recordings / "federalregister_v1_documents_page_paged_2026.json"
    folder.file(search, rules.url, JSON, query_any=dates)
    folder.file(paged, notices.url, JSON, query_any=dates)
    page = json.loads(paged.read_text(encoding="utf-8"))
    folder.file(recordings / "federalregister_v1_documents.json", page["next_page_url"], JSON)
    days = [dt.date.fromisoformat(row["publication_date"]) for row in page["results"]]
    return _noon(max(days))


def _mhlw(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """54 monthly workbooks; the two index pages that link them are constructed from the workbooks' own title rows."""
    index = load("jp_mhlw_violations").home
    japanese = index.replace("index_00017.html", "ihan/index.html")
    links: dict[str, list[str]] = {index: [], japanese: []}
    last = dt.date.min
    for path in sorted(recordings.glob("*.xls")):
        sheet = xlrd.open_workbook(path).sheet_by_index(0)
        title = next((str(cell) for row in range(3) for cell in sheet.row_values(row) if str(cell).strip()), path.stem)
        page = japanese if re.search("[ぁ-ヿ一-鿿]", title) else index
        links[page].append(f'<li><a href="/content/{path.name}">{html.escape(title.strip())}</a></li>')
        folder.file(path, f"https://www.mhlw.go.jp/content/{path.name}", "application/vnd.ms-excel")
        last = max(last, _last_day(sheet))
    for number, (url, items) in enumerate(links.items()):
        body = f"<!DOCTYPE html><html><head><meta charset='utf-8'></head><body><ul>{''.join(items)}</ul></body></html>"
        folder.body(f"index{number}.html", url, body.encode(), "text/html; charset=UTF-8")
    return _noon(last)


def _last_day(sheet: xlrd.sheet.Sheet) -> dt.date:
    """The newest date of a workbook's sheet (Excel serials of 2015..2030)."""
    serials = [
        float(value)
        for row in range(sheet.nrows)
        for value, kind in zip(sheet.row_values(row), sheet.row_types(row), strict=True)
        if kind == xlrd.XL_CELL_DATE and 42005 < float(value) < 47848
    ]
    return dt.date(1899, 12, 30) + dt.timedelta(days=int(max(serials))) if serials else dt.date.min


def _rasff(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """Recorded are the records of the data lake's view; the envelope around them is constructed."""
    (path,) = sorted(recordings.glob("datalake_*_records_*.json"))
    rows = json.loads(folder.read(path))
    body = json.dumps({"value": rows, "nextLink": None}, ensure_ascii=False).encode()
    folder.body(
        "view.json", load("eu_rasff").requests[0].url, body, JSON, query_any=["NOTIF_DATE_FROM", "NOTIF_DATE_TO"]
    )
    return _noon(max(dt.date.fromisoformat(row["NOTIF_DATE"][:10]) for row in rows))


def _opss(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """One content item is recorded, and a search that leads to it among others: only the recorded one is kept in it."""
    (item,) = sorted(recordings.glob("gov_uk_content_*.json"))
    (search,) = sorted(recordings.glob("gov_uk_search_*.json"))
    body, page = json.loads(item.read_text(encoding="utf-8")), json.loads(folder.read(search))
    rows = [row for row in page["results"] if row["link"] == body["base_path"]]
    found = json.dumps(page | {"results": rows, "total": len(rows), "start": 0}, ensure_ascii=False).encode()
    folder.body("search.json", load("gb_opss").requests[0].url, found, JSON)
    folder.file(item, f"https://www.gov.uk/api/content{body['base_path']}", JSON)
    return _noon(max(dt.date.fromisoformat(row["public_timestamp"][:10]) for row in rows))


def _fsa(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """One alert is recorded; the list of one is constructed."""
    (path,) = sorted(recordings.glob("fsa_alert_*.json"))
    item = json.loads(folder.read(path))
    body = json.dumps({"items": [item]}, ensure_ascii=False).encode()
    folder.body("list.json", load("gb_fsa").requests[0].url, body, JSON, query_any=["since"])
    return _noon(dt.date.fromisoformat(item["created"][:10]))


def _fda_recalls(recordings: Path, folder: Folder, variant: int) -> dt.datetime:
    """The feed on three days: each is a whole answer."""
    path = sorted(recordings.glob("fda_rss_*.xml"), reverse=True)[variant]
    folder.file(path, load("us_fda_recalls").requests[0].url, "application/rss+xml")
    days = re.findall(r"<pubDate>([^<]+)</pubDate>", path.read_text(encoding="utf-8"))
    return max(email.utils.parsedate_to_datetime(day) for day in days).astimezone(dt.UTC)


def _fsis(recordings: Path, folder: Folder, variant: int) -> dt.datetime:
    """The whole array on four days; the oldest is of before records had field_recall_url, which the source does without."""
    path = sorted(recordings.glob("fsis_api_recall_v1_*.json"), reverse=True)[variant]
    folder.file(path, load("us_fsis").requests[0].url, JSON)
    day = re.search(r"_v1_(\d{4}-\d\d-\d\d)_", path.name)
    return _noon(dt.date.fromisoformat(day[1] if day else ""))


def _openfda(recordings: Path, folder: Folder, variant: int) -> dt.datetime:
    """A page of three foods, or 1,058 foods; drugs and devices are answered as openFDA says "nothing matches".

    The 1,058 were recorded with their dates as 2024-04-24: they are put back into the service's form, nothing else is.
    """
    (path,) = sorted(recordings.glob(("food_enforcement_*_sample3_*.json", "food_enforcement_*_fieldsubset.jsonl")[variant]))  # fmt: skip
    text = folder.read(path).decode("utf-8")
    rows = [_with_openfda_dates(line) for line in text.splitlines()] if variant else json.loads(text)["results"]
    last = max(dt.datetime.strptime(row["report_date"], "%Y%m%d").replace(tzinfo=dt.UTC) for row in rows)
    nothing = json.dumps({"error": {"code": "NOT_FOUND", "message": "No matches found!"}}).encode()
    source = load("us_openfda")
    for number, request in enumerate(requests.start(source, Window(last.date(), last.date(), first=True))):
        if "/food/" in request.url:
            for skip in range(0, len(rows), 1000):
                page = {"meta": {"results": {"skip": skip, "limit": 1000, "total": len(rows)}}, "results": rows[skip : skip + 1000]}  # fmt: skip
                url = request.url + (f"&skip={skip}" if skip else "")
                folder.body(f"food{skip}.json", url, json.dumps(page).encode(), JSON, query_any=["search"])
        else:
            folder.body(f"none{number}.json", request.url, nothing, JSON, query_any=["search"], status=404)
    return _noon(last.date())


def _with_openfda_dates(line: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line)
    return {k: (v or "").replace("-", "") if k.endswith("_date") else v for k, v in row.items()}


def _nhtsa(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """41 rows of the flat file, in a zip as it is published."""
    (path,) = sorted(recordings.glob("FLAT_RCL_sample_*rows_*.tsv"))
    body = _zip({"FLAT_RCL_POST_2010.txt": folder.read(path)})
    folder.body("FLAT_RCL_POST_2010.zip", load("us_nhtsa").requests[0].url, body, CSV_ZIP)
    days = re.findall(r"\t(20[12]\d[01]\d[0-3]\d)(?=\t)", path.read_text(encoding="latin-1"))
    return _noon(max(dt.datetime.strptime(day, "%Y%m%d").replace(tzinfo=dt.UTC) for day in days).date())


def _refusals(recordings: Path, folder: Folder, variant: int) -> dt.datetime:
    """Rows in the official columns and the official table of charges, in a zip as it is published."""
    path = sorted(recordings.glob("REFUSAL_ENTRY_*.csv"), reverse=True)[variant]
    charges = folder.read(recordings / "ACT_SECTION_CHARGES.csv")
    body = _zip({"REFUSAL_ENTRY_2024-present.csv": folder.read(path), "ACT_SECTION_CHARGES.csv": charges})
    folder.body("refusals.zip", load("us_fda_import_refusals").requests[0].url, body, CSV_ZIP)
    days = re.findall(r"\b(\d\d-[A-Z][a-z]{2}-\d\d)\b", path.read_text(encoding="latin-1"))
    return _noon(max(dt.datetime.strptime(day, "%d-%b-%y").replace(tzinfo=dt.UTC) for day in days).date())


def _caa(recordings: Path, folder: Folder, _: int) -> dt.datetime:
    """Six pages of recalls; the list that links them is constructed (its day of posting is that of the folder)."""
    day = dt.date(2026, 11, 16)
    rows = []
    for path in sorted(recordings.glob("out_*.html")):
        number = path.stem.removeprefix("out_")
        link = f"detail.php?rcl={number}&screenkbn=01"
        folder.file(path, f"https://www.recall.caa.go.jp/result/{link}", HTML)
        rows.append(
            f'<tr><td><span class="result_list_category">その他</span></td><td><a href="{html.escape(link)}">{number}</a></td>'
            f'<td><span class="result_list_post_date">{day:%Y/%m/%d}</span></td>'
            f'<td><span class="result_list_start_date">{day:%Y/%m/%d}</span></td></tr>'
        )
    page = (
        "<!DOCTYPE html><html><head><meta charset='utf-8'></head><body><div class='search_result_main'>"
        f"<p>{len(rows)}件中 1-{len(rows)}件を表示中</p><table>{''.join(rows)}</table></div></body></html>"
    )
    folder.body("list.html", load("jp_caa_recalls").requests[0].url, page.encode(), HTML, method="POST")
    return _noon(day)


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


Builder = Callable[[Path, Folder, int], dt.datetime]
BUILDERS: dict[str, Builder] = {
    "eu_rasff": _rasff,
    "eu_safety_gate": _safety_gate,
    "gb_fsa": _fsa,
    "gb_opss": _opss,
    "jp_caa_recalls": _caa,
    "jp_mhlw_violations": _mhlw,
    "us_cpsc": _cpsc,
    "us_fda_import_refusals": _refusals,
    "us_fda_recalls": _fda_recalls,
    "us_federal_register": _federal_register,
    "us_fsis": _fsis,
    "us_nhtsa": _nhtsa,
    "us_openfda": _openfda,
    "wto_eping_bulk": _wto_bulk,
}

#: How many recordings answer the same request.
VARIANTS: dict[str, int] = {"us_fda_import_refusals": 2, "us_fda_recalls": 3, "us_fsis": 4, "us_openfda": 2}

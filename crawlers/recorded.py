"""Replay folders built from recordings of real responses: `build("eu_safety_gate", recordings, out)`.

A recording is a body; a replay folder says which request it answers. Where a list was not recorded it is constructed
from what the recorded pages hold, in the authority's form, so that the crawl walks its real way. Nothing is copied into
the project: the folders are written where the caller says.

The builders are in `crawlers.recorded_sources`; recordings in another form than the service's present one, and the
reason, in `OTHER_FORMS`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import fnmatch
import json
from collections.abc import Sequence
from pathlib import Path

from crawlers import dry
from crawlers.manifest import Manifest
from crawlers.recorded_sources import BUILDERS, VARIANTS, Folder, NotRecorded

__all__ = ["BUILDERS", "OTHER_FORMS", "VARIANTS", "NotRecorded", "build", "other_form", "table", "used"]

#: Recorded files that no crawl would meet today: pattern below `recordings/` → why.
OTHER_FORMS: dict[str, str] = {
    "eu_eurlex/cellar_sparql_response_*": "answer to another query than the source's (no variables of acts and relations)",
    "eu_eurlex/*": "texts and notices of acts: the source reads the SPARQL answer; texts are attachments",
    "eu_rasff/search_consolidated_*": "the portal's search: the source reads the data lake",
    "eu_rasff/window_export_*": "the portal's export for people: the source reads the data lake",
    "eu_safety_gate/notification_*": "the website's own JSON: the source reads the weekly XML",
    "jp_caa_recalls/*.json": "another program's reading of the pages",
    "jp_egov_public_comment/*": "items flattened from the feed: not its RDF",
    "jp_meti_recalls/*": "text of a mail, not the page",
    "jp_mhlw_food_recalls/*": "one row as text, not the page",
    "pages_text/*": "text of pages without their HTML",
    "us_cpsc/cpsc_legacy_*": "XML of the service before 2013",
    "us_cpsc/cpsc_website_*": "export of the website, other columns",
    "us_cpsc/recallsapi_2013_*": "recalls.gov's API, closed",
    "us_cpsc/vcr_*": "cassette of a client: an empty answer",
    "us_fda_import_alerts/*": "the index alone: its 154 pages, which hold the alerts, are not recorded",
    "us_fda_ires/*": "FDA's data dashboard: no source reads it",
    "us_fda_recalls/recallsapi_2013_*": "recalls.gov's API, closed",
    "us_federal_register/FR_issue_*": "a whole issue as XML: the source reads the API",
    "us_federal_register/*": "other end points of the API, or regulations.gov",
    "us_fsis/fsis_rss_*": "the feed: the source reads the API",
    "us_nhtsa/FLAT_RCL_sample_gsa.txt": "the layout before May 2025 (24 and 26 fields)",
    "us_nhtsa/recallsapi_2013_*": "recalls.gov's API, closed",
    "us_openfda/res_*": "enforcement reports of before openFDA",
    "wto_eping/*.jsonl": "another site's mirror of notifications",
}


def other_form(path: str) -> str | None:
    """Why a recorded file (its path below `recordings/`) is not what the service answers today; None: no reason is known."""
    return next((why for pattern, why in OTHER_FORMS.items() if fnmatch.fnmatch(path, pattern)), None)


def used(source_id: str, recordings: Path, scratch: Path, variant: int = 0) -> set[str]:
    """Which recordings (paths below `recordings/`) the replay folder of a source holds; it is built in `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Folder(scratch)
    BUILDERS[source_id](recordings / source_id, folder, variant)
    return {str(path.resolve().relative_to(recordings.resolve())) for path in folder.used}


def build(
    source_ids: str | Sequence[str], recordings: Path, out: Path, *, as_of: dt.datetime | None = None, variant: int = 0
) -> Path:
    """Write the replay folder of one source, or of several together, into `out` (an older manifest is replaced).

    `as_of` is the folder's clock; without it, noon of the newest day that is recorded. `variant` chooses among recordings
    that answer the same request (0: the newest). Raises NotRecorded where a source has nothing in its live form.
    """
    wanted = [source_ids] if isinstance(source_ids, str) else list(source_ids)
    for source_id in wanted:
        if source_id not in BUILDERS:
            raise NotRecorded(f"{source_id}: nothing of it is recorded in the form its service answers today")
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    last = dt.datetime.min.replace(tzinfo=dt.UTC)
    for source_id in wanted:
        folder = Folder(out, f"{source_id}." if len(wanted) > 1 else "")
        last = max(last, BUILDERS[source_id](recordings / source_id, folder, variant))
        rows += folder.rows
    lines = [json.dumps(line, ensure_ascii=False) for line in [{"as_of": (as_of or last).isoformat()}, *rows]]
    (out / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out


def table(recordings: Path, scratch: Path) -> str:
    """What every recording gives, as the page `docs/recordings.md`: source, files, records, rejected; then the other forms."""
    lines = [
        "# Recordings",
        "",
        "What the parsers make of every real recording in the service's present form. *Generated by* `python -m",
        "crawlers.recorded --table`; *checked by* `tests/crawlers/test_recorded.py` where the recordings are.",
        "",
        "| source | files | records | notices | rejected |",
        "|---|---|---|---|---|",
    ]
    read: set[str] = set()
    for source_id in sorted(BUILDERS):
        for variant in range(VARIANTS.get(source_id, 1)):
            files = used(source_id, recordings, scratch / f"used-{source_id}-{variant}", variant)
            folder = build(source_id, recordings, scratch / f"{source_id}-{variant}", variant=variant)
            last = Manifest.read(folder).as_of.date()
            # The window reaches back over all of it, but as one request: an answer recorded once would come for each.
            days = 25 if source_id in {"eu_rasff", "us_federal_register", "us_openfda"} else 9_000
            result = dry.read(source_id, folder, since=last - dt.timedelta(days=days))
            records = len(result.notices) + len(result.rejects)
            count = len({notice.id for notice in result.notices})
            lines.append(f"| {source_id} | {len(files)} | {records} | {count} | {len(result.rejects)} |")
            read |= files
    here = {str(path.relative_to(recordings)) for path in recordings.rglob("*") if path.is_file()}
    lines += ["", "| other forms: files | why no crawl would meet them today |", "|---|---|"]
    reasons: dict[str, int] = {}
    for path in sorted(here - read):
        why = f"{path.split('/')[0]}: {other_form(path) or 'NO REASON'}"
        reasons[why] = reasons.get(why, 0) + 1
    lines += [f"| {count} | {why} |" for why, count in sorted(reasons.items())]
    return "\n".join(lines) + "\n"


def main() -> None:
    """`python -m crawlers.recorded SOURCE… --recordings DIR --out DIR [--as-of T]`; `--table` writes docs/recordings.md."""
    parser = argparse.ArgumentParser(description=build.__doc__)
    parser.add_argument("sources", nargs="*", help=", ".join(sorted(BUILDERS)))
    parser.add_argument("--recordings", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--as-of", type=dt.datetime.fromisoformat)
    parser.add_argument("--table", action="store_true", help="write docs/recordings.md; --out is scratch space")
    given = parser.parse_args()
    if given.table:
        page = Path(__file__).parent.parent / "docs" / "recordings.md"
        page.write_text(table(given.recordings, given.out), encoding="utf-8")
        print(page)
        return
    folder = build(given.sources, given.recordings, given.out, as_of=given.as_of)
    print(f"{folder}: {', '.join(given.sources)}")


if __name__ == "__main__":
    main()

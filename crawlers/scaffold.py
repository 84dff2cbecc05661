"""`tradewarn new-source`: the four files of a new source, complete in form and wrong in content.

What is written can be loaded, so it breaks nobody else's test; its own sample test fails until the parser is written and
`expected.jsonl` was read by a person (docs/adding-a-source.md).
"""

from __future__ import annotations

import re
from pathlib import Path

NAME = re.compile(r"[a-z]{2,3}_[a-z0-9_]+")

YML = """\
id: {name}
name: {name}, say in English what is published
name_zh: {name} 用中文写明发布内容
register: {name}            # where ids live; routes of the same register share them
authority: the authority's own name
market: {market}                       # ISO 3166-1 alpha-2, EU or GCC
kinds: [recall]                   # crawlers/notice.py: Kind
home: https://www.example.org/recalls
requests:
  - url: https://www.example.org/recalls.json?from={{since}}&to={{until}}
    window: 30d
terms:
  licence: the licence, in its own words
  attribution: how the authority wants to be named
schedule: "15 6 * * *"            # cron, UTC
timezone: UTC                     # in which the authority's dates are days
date_formats: ["%Y-%m-%d"]
overlap: 7d                       # asked again behind the watermark
expect: {{per: 30d, min: 1}}
checked_against: constructed
confidence: L
notes: >-
  Who says that the format is so, and how sure it is.
meaning: {{}}                       # docs/adding-a-source.md, step 5
"""

PY = '''\
"""{name}: say in one line what the page is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers.reading import Drift, Parsed, Record, each, json_of, need, read_date, required, source_of


def parse(response: Response) -> Iterator[Parsed]:
    """A record for each entry of the page."""
    page: dict[str, Any] = json_of(response, dict)
    formats = source_of(response).date_formats

    def read(row: dict[str, Any]) -> Record:
        raise Drift("the parser is not written yet: see docs/adding-a-source.md, step 3")
        return Record(
            required(row, "number"),
            {{
                "title": required(row, "title"),
                "published": read_date("date", need(row, "date"), formats),
                "stated": {{"risk": required(row, "risk")}},
                "url": required(row, "link"),
            }},
        )

    yield from each(need(page, "items"), read)
'''

MANIFEST = """\
{{"as_of": "2026-11-16T06:00:00+00:00"}}
{{"url": "https://www.example.org/recalls.json?from=2026-10-17&to=2026-11-15", "file": "page1.json", "headers": {{"Content-Type": "application/json"}}}}
{{"url": "https://www.example.org/recalls.json?from=2026-11-16&to=2026-11-16", "file": "page2.json", "headers": {{"Content-Type": "application/json"}}}}
"""

PAGE = '{"items": [{"number": "2026/01", "title": "words of ours", "date": "2026-11-10", "risk": "high", "link": "https://www.example.org/recalls/2026-01"}]}\n'
EMPTY = '{"items": []}\n'


def new_source(name: str, root: Path) -> list[Path]:
    """Write the files of source `name` into the checkout at `root`. Returns them.

    Raises ValueError where the name is not `<jurisdiction>_<authority or dataset>`, is taken, or `root` is no checkout.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a source is named <jurisdiction>_<authority or dataset>, as in kr_kats_recalls")
    sources, sample = root / "crawlers" / "sources", root / "tests" / "samples" / name
    if not sources.is_dir():
        raise ValueError(f"{root} is no checkout of the project: it has no crawlers/sources")
    market = name.split("_")[0].upper()
    texts = {
        sources / f"{name}.yml": YML.format(name=name, market=market),
        sources / f"{name}.py": PY.format(name=name),
        sample / "manifest.jsonl": MANIFEST.format(),
        sample / "page1.json": PAGE,
        sample / "page2.json": EMPTY,
        sample / "expected.jsonl": "",
    }
    taken = [str(path.relative_to(root)) for path in texts if path.exists()]
    if taken:
        raise ValueError(f"{name} exists already: {', '.join(taken)}")
    sample.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)

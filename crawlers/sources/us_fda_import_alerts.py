"""US FDA import alerts: the index of all in force, then the page of each that was published anew.

The page's address (`importalert_258.html`) holds a number of the web site, not the alert's (99-05). The pages say UTF-8 and
hold Windows-1252 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree
from parsel import Selector, SelectorList
from scrapy.http import Response

from crawlers import places
from crawlers.reading import Drift, FieldError, Parsed, Record, day_of, each, window_of
from crawlers.wording import Labels, decoded, filled, joined, line

HEADINGS = ("Import Alert Number", "Import Alert Type", "Publish Date", "Import Alert Name")
#: Sections of a page, by their <h3>, and where they go.
REASON, GUIDANCE, GOODS, CHARGE = "Reason for Alert", "Guidance", "Product Description", "Charge"
PLACE = re.compile(
    r"\b(?:from|in)\s+(?:the\s+)?(.+?)(?=\s+(?:due|for|because|that|-|subject)(?:\s|$)|\s+(?:from|in)\s|$)",
    re.IGNORECASE,
)
FIRMS_LIMIT = 400  # an alert such as 99-05 lists thousands of lines


def parse(response: Response) -> Iterator[Parsed]:
    """The index: a request for each alert published in the window; on the first crawl for all, they are in force."""
    table, window = Selector(decoded(response.body)).css("table#customTable"), window_of(response)
    heads = [_text(head) for head in table.css("th")]
    for name in HEADINGS:
        if name not in heads:
            raise Drift(f"the table #customTable has no column {name!r}; it has {heads}")
    for row in table.css("tbody tr"):
        number, kind, day = (_text(cell) for cell in row.css("td")[:3])
        published = day_of(response, "Publish Date", day)
        link = row.css('td a[href*="importalert_"]')
        if not link:
            raise Drift(f"the name of alert {number} links no importalert_N.html")
        if window.first or published in window:
            facts = {"number": number, "type": kind, "published": published, "name": _title(_text(link))}
            yield response.follow(link.attrib["href"], callback=parse_alert, meta={"alert": facts}, dont_filter=True)


def parse_alert(response: Response) -> Iterator[Parsed]:
    """One alert, with what the index says of it."""
    page, facts = Selector(decoded(response.body)), response.meta["alert"]
    if facts["number"] not in _text(page.css("title")):
        raise Drift(f"<title> {_text(page.css('title'))!r} does not name Import Alert {facts['number']}")
    sections = _sections(page)
    if REASON not in sections:
        raise Drift(f"no section {REASON!r}; there are {sorted(sections)[:8]}")

    def read(_: str) -> Record:
        if not facts["name"]:
            raise FieldError("Import Alert Name", facts["name"], "is empty")
        firms, goods = _red_list(page)
        named = _named(facts["name"])
        codes = _codes(country for country, _ in firms)
        stated: Labels = {
            "Import Alert Type": facts["type"],
            "Industry": facts["number"][:2],
            "Charge": sections.get(CHARGE, ""),
            "Red List": tuple(f"{country}: {firm}" for country, firm in firms[:FIRMS_LIMIT]),
            "Red List firms": str(len(firms)) if firms else "",
        }
        return Record(
            facts["number"],
            {
                "stage": "in_force",
                "symbol": facts["number"],
                "document_type": facts["type"],
                "title": facts["name"],
                "summary": sections[REASON],
                "text": sections.get(GUIDANCE, ""),
                "products_text": joined((sections.get(GOODS, ""), "; ".join(goods[:60]))),
                "published": facts["published"],
                "origins": tuple(dict.fromkeys((*named, *codes))),
                "stated": filled(stated),
                "url": response.meta.get("original_url") or response.url,
            },
        )

    yield from each([response.url], read)


def _sections(page: Selector) -> dict[str, str]:
    """Heading (without its colon) → the text up to the next heading; the lists of firms are no sections."""
    parts: dict[str, list[str]] = {}
    here: list[str] = []
    for event, node in etree.iterwalk(page.root, events=("start", "end")):
        if node.tag == "h3":
            name = " ".join("".join(node.itertext()).split()).rstrip(": ")
            if "List)" in name:
                break
            here = parts.setdefault(name, []) if event == "end" else []
        written = isinstance(node.tag, str) and node.tag != "script"  # a comment's tag is a function
        if event == "end" or written:
            here.append(
                (" " if node.tag in {"br", "p", "div", "li"} else "")
                + ((node.text if event == "start" else node.tail) or "")
            )
    return {name: line(" ".join("".join(texts).split())) for name, texts in parts.items()}


def _red_list(page: Selector) -> tuple[list[tuple[str, str]], list[str]]:
    """(country, firm) of those detained, and their goods: what follows the heading "(a.k.a. Red List)"."""
    firms, goods, country, red = [], dict[str, None](), "", False
    for node in page.css("h3, h4, div.div-name, div.floatleft em"):
        name = node.root.tag
        if name == "h3":
            red = "Red List" in _text(node)
        elif red and name == "h4":
            country = _text(node)
        elif red and name == "em":
            goods[line(" ".join(node.xpath("following-sibling::text()").getall()))] = None
        elif red:
            firms.append((country, _text(node)))
    return firms, [name for name in goods if name]


def _named(title: str) -> tuple[str, ...]:
    """Places a title names: "… from Ecuador and Taiwan Due to Histamine" → EC, TW. The agency writes PROC for China."""
    parts = [
        part
        for hit in PLACE.finditer(re.sub(r"\bPROC\b", "China", title))
        for part in re.split(r",\s*|\s+and\s+", hit[1], flags=re.IGNORECASE)
    ]
    return _codes(parts)


def _codes(names: Iterable[str]) -> tuple[str, ...]:
    """Never the United States: there stand importers, not origins."""
    plain = (re.sub(r"\s+SAR$|^Peninsular |\s*\([^)]*\)$", "", name) for name in names)
    return tuple(dict.fromkeys(code for code in map(places.code, plain) if code and code != "US"))


def _title(text: str) -> str:
    """Without the quotation marks around it, and without the `***` that mark words changed since the last edition."""
    return " ".join(text.replace("***", "").split()).strip('"“” ')


def _text(node: Selector | SelectorList[Selector]) -> str:
    return line(" ".join(node.css("::text").getall()))

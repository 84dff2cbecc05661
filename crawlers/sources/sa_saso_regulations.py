"""SASO's technical regulations: one SharePoint page; posting its page-size list back shows a hundred."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from parsel import Selector
from scrapy import FormRequest
from scrapy.http import Response

from crawlers.reading import Drift, FieldError, Parsed, Record, clean, day_of, each, source_of

ITEM = "a.rulesAndRegulationsListItem[href]"
#: The page's labels, in the order of a regulation's life.
ADOPTED, PUBLISHED, APPLIES = "تاريخ الاعتماد", "تاريخ النشر", "التطبيق الإلزامي"


def parse(response: Response) -> Iterator[Parsed]:
    """The page as it opens: asks for a hundred entries. Without the drop-down list, what is shown is read."""
    size = response.css("select[name$='DDL_PageSize']::attr(name)").get()
    if size is None:
        yield from parse_list(response)
        return
    if not response.css("input[name='__VIEWSTATE']"):
        raise Drift("input __VIEWSTATE is missing: the page cannot be posted back")
    form = {field.attrib["name"]: field.attrib.get("value", "") for field in response.css("form input[name]")}
    form |= {size: "100", "__EVENTTARGET": size, "__EVENTARGUMENT": ""}
    yield FormRequest(response.url, formdata=form, callback=parse_list, dont_filter=True)


def parse_list(response: Response) -> Iterator[Parsed]:
    """The list: a record for each regulation."""
    items = response.css(ITEM)
    if not items:
        raise Drift(f"no {ITEM}: not the list of regulations")

    def read(item: Selector) -> Record:
        text, title = _folded(item.get()), _folded(item.css("h2").get() or "")
        if not title:
            raise FieldError("h2", text, "is missing")
        labels = {name: found[1] for name in (ADOPTED, PUBLISHED, APPLIES) if (found := _after(name, text))}
        days = {name: day_of(response, name, value) for name, value in labels.items()}
        if not days:
            raise FieldError(PUBLISHED, text, "no date")
        url = response.urljoin(item.attrib["href"])
        milestones = [("adoption", ADOPTED), ("application", APPLIES)]
        return Record(
            re.sub(r"\s+", "_", unquote(urlsplit(url).path).rpartition("/")[2].removesuffix(".pdf")),
            {
                "stage": "published" if PUBLISHED in days else "adopted",
                "document_type": "اللائحة الفنية",
                "title": title,
                "products_text": title,
                "published": days.get(PUBLISHED) or days.get(ADOPTED) or days[APPLIES],
                "milestones": [{"kind": k, "date": days[n], "text": n} for k, n in milestones if n in days],
                "stated": labels,
                "url": source_of(response).home,
                "documents": [{"url": url, "title": title, "language": "ar"}],
            },
        )

    yield from each(items, read, raw=lambda item: item.get())


def _after(name: str, text: str) -> re.Match[str] | None:
    return re.search(rf"{name}\s*:?\s*(\d{{1,2}}/\d{{1,2}}/\d{{4}})", text)


def _folded(markup: str) -> str:
    """Text on one line, without zero-width marks, Arabic digits as 0-9."""
    plain = "".join(str(unicodedata.digit(c, c)) for c in clean(markup) if unicodedata.category(c) != "Cf")
    return " ".join(plain.split())

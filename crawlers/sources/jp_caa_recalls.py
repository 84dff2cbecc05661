"""Japan's Consumer Affairs Agency: the list of recalls (a form answered page by page), then one page a recall."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

from scrapy import FormRequest, Request
from scrapy.http import Response

from crawlers.japanese import origins_of
from crawlers.reading import Drift, FieldError, Parsed, Record, Reject, as_json, clean, day_of, each, window_of
from crawlers.wording import filled, joined

#: 302 is how the site says "too fast": the parser asks again, it does not follow to the site's front page.
THROTTLED, ATTEMPTS = {"handle_httpstatus_list": [302], "dont_redirect": True}, 3


def parse(response: Response) -> Iterator[Parsed]:
    """The list of recalls."""
    yield from listed(response, parse_detail)


def listed(response: Response, reader: Callable[[Response], Iterator[Parsed]]) -> Iterator[Parsed]:
    """One page of the list, newest first: a request for each recall, and the next page while it may hold some.

    No callback on the next page: it is read by the `parse` of whichever source asked (jp_mhlw_food_recalls does too).
    """
    window, days = window_of(response), []
    found = response.css(".search_result_main table tr:has(a[href*='detail.php?rcl='])")
    if not found and not re.search(r"\d+件中|該当する[^<]{0,20}(?:ありません|ございません)", response.text):
        raise Drift("no row with a link to detail.php and no count (件中): not the list of recalls")
    for row in found:
        posted = day_of(response, "result_list_post_date", row.css(".result_list_post_date::text").get())
        days.append(posted)
        if posted in window:
            facts = {"category": clean(row.css(".result_list_category::text").get()), "posted": f"{posted:%Y/%m/%d}"}
            link = response.urljoin(row.css("a[href*='detail.php']").attrib["href"])
            yield Request(link, callback=reader, meta={"row": facts, **THROTTLED}, dont_filter=True)
    shown = re.search(r"(\d+)件中\D+\d+-(\d+)件", response.text)  # "320件中　1-60件を表示中"
    more = shown is not None and int(shown[2]) < int(shown[1])
    if more and days and min(days) >= window.since and response.request is not None:
        form = dict(parse_qsl(response.request.body.decode(), keep_blank_values=True))
        form["pagingHidden"] = str(int(form.get("pagingHidden") or 0) + 1)
        yield FormRequest(response.url, formdata=form, dont_filter=True)


def parse_detail(response: Response) -> Iterator[Parsed]:
    """One recall. A throttled answer is asked for again, three times in all."""
    number = re.search(r"rcl=(\d{11})", response.url)
    if response.status == 302:
        yield again(response, parse_detail)
        return
    if number is None or not response.xpath("//span[contains(@class, 'detail_cap')][contains(., '商品名')]"):
        raise Drift("no caption 商品名: not the page of a recall")
    yield from each([response], read_detail, raw=lambda page: page.text)


def again(response: Response, reader: Callable[[Response], Iterator[Parsed]]) -> Parsed:
    """A throttled page: asked for again, later; after the third time its row goes to quarantine."""
    attempt = int(response.meta.get("attempt", 1))
    if attempt >= ATTEMPTS:
        return Reject(as_json(response.meta.get("row", {})), "detail", "302 three times: throttled", response.url)
    meta = {"row": response.meta.get("row", {}), "attempt": attempt + 1, **THROTTLED}
    return Request(response.url, callback=reader, meta=meta, dont_filter=True, priority=-attempt)


def read_detail(response: Response) -> Record:
    """The recall of a page; `meta["row"]` brings what only the list says (category, day of posting)."""
    pairs, row = caption_pairs(response), response.meta.get("row", {})
    title, remark = (clean(" ".join(response.css(f".detail_title {tag} ::text").getall())) for tag in ("h3", "p"))
    text = "\n\n".join(f"{name}\n{pairs[name]}" for name in ("対象の特定情報", "対応方法") if pairs.get(name))
    stated = {"category": row.get("category", ""), "reason": remark}
    stated |= {name: pairs.get(name, "")[:500] for name in ("対応開始日", "対応方法", "連絡先")}
    links = response.css(".detail_text_link a::attr(href), span.detail_text a[href^=http]::attr(href)").getall()
    return Record(
        response.url.partition("rcl=")[2][:11],
        {
            "title": title or pairs["商品名"],
            "summary": joined(dict.fromkeys((remark, pairs.get("備考", "")))),
            "text": text,
            "products_text": pairs["商品名"],
            "published": day_of(response, "対応開始日", row.get("posted") or pairs.get("対応開始日")),
            "origins": origins_of("\n".join((title, pairs["商品名"], pairs.get("対象の特定情報", "")))),
            "stated": filled(stated),
            "url": response.url,
            "documents": [{"url": url.strip(), "title": "参照情報"} for url in dict.fromkeys(links)],
        },
    )


def caption_pairs(response: Response) -> dict[str, str]:
    """Caption → text, whichever of the two ways the page holds it: HTML, or a Quill document in a script."""
    pairs = {}
    for item in response.xpath("//li[span[contains(@class, 'detail_cap')]]"):
        name = clean(item.css("span.detail_cap::text").get())
        script = re.search(r"contentsText = '((?:[^'\\]|\\.)*)'", item.get(), re.DOTALL)
        pairs[name] = quill(script[1]) if script else clean(item.css("span.detail_text").get())
    return pairs


def quill(literal: str) -> str:
    """The text of a Quill document that stands in a JavaScript string literal.

    Two generations of pages: everything escaped (`{\"ops\":…\\n…`), which JavaScript's own unescaping turns into JSON;
    and plain JSON of which only `\\n` was doubled, where unescaping would break quotes within the text (rcl 9911).
    Real line breaks inside strings are let through. Operations of one text that lost their seams are joined.
    """
    unescaped = re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _unescaped, literal, flags=re.DOTALL)
    for plain in (unescaped, literal.replace("\\\\", "\\").replace("\\'", "'")):
        try:
            document = json.loads(plain, strict=False)
        except ValueError:
            continue
        text = "".join(op["insert"] for op in document["ops"] if isinstance(op.get("insert"), str))
        seam = r'\\*"\},\{(?:\\*"attributes\\*":\{[^{}]*\},)?\\*"insert\\*":\\*"'
        return clean(re.sub(seam, "", text).replace("\\/", "/"))
    raise FieldError("contentsText", literal, "is no JSON in either escaping")


def _unescaped(match: re.Match[str]) -> str:
    what = match[1]
    return chr(int(what[1:], 16)) if len(what) == 5 else {"n": "\n", "t": "\t", "r": "\r"}.get(what, what)

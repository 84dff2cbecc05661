"""Japan's food recall notifications: the food list of the CAA leads to each page of the ministry's own system."""

from __future__ import annotations

from collections.abc import Iterator

from scrapy import Request
from scrapy.http import Response

from crawlers.japanese import origins_of
from crawlers.reading import Drift, Parsed, Record, clean, day_of, each, need, required
from crawlers.sources.jp_caa_recalls import again, listed
from crawlers.wording import joined

LINK = "a[href*='i2fas.mhlw.go.jp/faspub/_link.do'][href*='p=RCL']::attr(href)"
#: Never kept: what names or reaches the person who filed.
PERSONAL = ("name", "tel", "mail", "addr", "person")


def parse(response: Response) -> Iterator[Parsed]:
    """The CAA's list of food recalls."""
    yield from listed(response, parse_reference)


def parse_reference(response: Response) -> Iterator[Parsed]:
    """A recall at the CAA: a request for the notification it links; one that links none is the CAA's own."""
    if response.status == 302:
        yield again(response, parse_reference)
        return
    if not response.css(".detail_title h3"):
        raise Drift("no .detail_title: not the page of a recall")
    for link in dict.fromkeys(response.css(LINK).getall()):
        yield Request(response.urljoin(link.strip()), callback=parse_notification, dont_filter=True)


def parse_notification(response: Response) -> Iterator[Parsed]:
    """One notification: its hidden inputs."""
    inputs = response.css("input[type=hidden][name^='_'][name$='_str']")
    fields = {field.attrib["name"]: clean(field.attrib.get("value")) for field in inputs}
    if "_rcl_no_str" not in fields:
        raise Drift(f"no input _rcl_no_str; the page has {', '.join(list(fields)[:8]) or 'none'}")
    yield from each([fields], lambda row: _notification(response, row))


def _notification(response: Response, row: dict[str, str]) -> Record:
    kept = {k: v for k, v in row.items() if (v and k.startswith(("_rcl_", "_sale_"))) or v.upper().startswith("CLASS")}
    stated = {k: v for k, v in kept.items() if not any(part in k for part in PERSONAL)}
    goods, info = required(row, "_rcl_product_str"), row.get("_rcl_info_str", "")
    reason = joined((need(row, "_rcl_rsn_type_str"), row.get("_rcl_rsn_memo_str", "")))
    day = row.get("_rcl_release_date_str") or need(row, "_rcl_date_str")
    risk = [value for value in stated.values() if value.upper().startswith("CLASS")]
    return Record(
        required(row, "_rcl_no_str"),
        {
            "symbol": row["_rcl_no_str"],
            "document_type": row["_rcl_rsn_type_str"],
            "title": goods.replace("\n", " "),
            "summary": reason,
            "text": joined((info, reason, *risk)),
            "products_text": goods,
            "published": day_of(response, "_rcl_release_date_str", day),
            "origins": origins_of(f"{goods}\n{info}"),
            "stated": stated,
            "url": response.url,
        },
    )

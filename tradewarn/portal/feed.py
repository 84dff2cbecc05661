"""`/feed`: the change log as JSON Feed 1.1 and Atom. A reader that follows `since` sees every change once, in order."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from index.alert import Alert
from index.catalogue import Change
from nlp import level
from nlp.words import word
from tradewarn import query as queries
from tradewarn.portal.api import with_etag
from tradewarn.portal.clock import shop_of, today

router = APIRouter(prefix="/feed", tags=["feed"])
ATOM = "http://www.w3.org/2005/Atom"

Since = Annotated[int, Query(ge=0, le=2**62, description="The last sequence the reader has; 0: from the beginning.")]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get(".json", summary="The change log as JSON Feed 1.1")
def json_feed(request: Request, since: Since = 0, limit: Limit = 100) -> Response:
    changes = shop_of(request).catalogue.changes(since, limit)
    day = today(request)
    base = str(request.base_url).rstrip("/")
    last = changes[-1].sequence if changes else since
    body: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "技贸预警 tradewarn",
        "home_page_url": f"{base}/zh/",
        "feed_url": f"{base}/feed.json",
        "language": "zh-CN",
        "items": [_item(change, base, day) for change in changes],
        "_tradewarn": {"cursor": last, "more": len(changes) == limit},
    }
    if len(changes) == limit:
        body["next_url"] = f"{base}/feed.json?since={last}&limit={limit}"
    response = JSONResponse(body, media_type="application/feed+json")
    return with_etag(request, response, f"{since}:{limit}:{last}:{len(changes)}:{day}")


def _item(change: Change, base: str, day: dt.date) -> dict[str, Any]:
    alert = Alert.model_validate_json(change.body)
    facts = queries.summary(alert, day)
    return {
        "id": f"{alert.id}#{change.version}",
        "url": f"{base}/zh/alerts/{alert.id}",
        "external_url": alert.notice.url,
        "title": facts["title_zh"] or alert.notice.title,
        "content_text": alert.effective.brief_zh or alert.notice.summary or alert.notice.title,
        "date_published": f"{alert.notice.published.isoformat()}T00:00:00Z",
        "tags": [word("kind", alert.notice.kind), *(word("industry", i["industry"]) for i in facts["industries"])],
        "_tradewarn": {"sequence": change.sequence, "change": change.kind, **facts},
    }


@router.get(".atom", summary="The newest changes as Atom")
def atom_feed(request: Request, since: Since = 0, limit: Limit = 100) -> Response:
    changes = shop_of(request).catalogue.changes(since, limit)
    base = str(request.base_url).rstrip("/")
    feed = Element("feed", {"xmlns": ATOM, "xml:lang": "zh-CN"})
    SubElement(feed, "title").text = "技贸预警 tradewarn"
    SubElement(feed, "id").text = f"{base}/feed.atom"
    SubElement(feed, "link", {"rel": "self", "href": f"{base}/feed.atom?since={since}&limit={limit}"})
    if len(changes) == limit:
        SubElement(
            feed, "link", {"rel": "next", "href": f"{base}/feed.atom?since={changes[-1].sequence}&limit={limit}"}
        )
    author = SubElement(feed, "author")
    SubElement(author, "name").text = shop_of(request).settings.publisher
    newest = "1970-01-01T00:00:00Z"
    for change in changes:
        alert = Alert.model_validate_json(change.body)
        moment = f"{alert.notice.published.isoformat()}T00:00:00Z"
        newest = max(newest, moment)
        entry = SubElement(feed, "entry")
        SubElement(entry, "id").text = f"urn:tradewarn:{alert.id}:{change.version}"
        SubElement(entry, "title").text = alert.effective.title_zh or alert.notice.title
        SubElement(entry, "link", {"href": f"{base}/zh/alerts/{alert.id}"})
        SubElement(entry, "updated").text = moment
        SubElement(entry, "category", {"term": change.kind})
        span = level.at(alert.effective.levels, today(request))
        grounds = f"（{word('level', span.level)}：{level.grounds_text(span)}）" if span else ""
        SubElement(entry, "summary").text = (alert.effective.brief_zh or alert.notice.title) + grounds
    # Last, because Atom wants the newest change's moment: it is the entries that say it, never a clock.
    SubElement(feed, "updated").text = newest
    body = b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(feed, encoding="utf-8")
    response = Response(body, media_type="application/atom+xml")
    return with_etag(request, response, f"atom:{since}:{limit}:{len(changes)}:{newest}:{today(request)}")

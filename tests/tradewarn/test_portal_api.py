"""The API, the feed's cursor, health."""

from __future__ import annotations

import datetime as dt

from defusedxml import ElementTree
from fastapi.testclient import TestClient

from index.fields import FACETS
from tests.tradewarn.portal_pages import DRAFT, text, tree
from tradewarn.portal.app import create
from tradewarn.workshop import Workshop


def test_the_api_tells_what_the_page_tells(client: TestClient) -> None:
    told = client.get("/api/alerts", params={"q": "锂电池 market:EU", "facets": "market,level", "limit": 1}).json()
    page = tree(client, "/zh/?q=锂电池&f=market:EU")
    assert str(told["total"]) == text(page.xpath("//p[@class='count']/strong")[0])
    assert (len(told["hits"]), told["as_of"], set(told["facets"])) == (1, "2026-11-16", {"market", "level"})
    one = client.get(f"/api/alerts/{DRAFT}").json()
    assert one["notice"]["id"] == DRAFT
    facts = one["summary"]
    assert (facts["days_left"], facts["level"], facts["url"]) == (8, "yellow", f"https://example.org/{DRAFT}")
    assert facts["grounds"]
    assert facts["attribution"]
    assert [(p["hs"], p["method"]) for p in facts["hs"]] == [("850760", "stated"), ("8506", "retrieved")]


def test_the_api_refuses_in_its_own_form(client: TestClient) -> None:
    assert client.get("/api/alerts/wto:nothing").json() == {"error": "no alert wto:nothing"}
    assert client.get("/api/alerts/wto:nothing").status_code == 404
    unknown = client.get("/api/alerts", params={"facets": "market,colour"})
    assert (unknown.status_code, "colour" in unknown.json()["error"]) == (400, True)
    for wrong in ({"limit": 0}, {"limit": 201}, {"offset": -1}, {"sort": "best"}):
        assert client.get("/api/alerts", params=wrong).status_code == 422, wrong
    assert client.get("/feed.json", params={"since": -1}).status_code == 422


def test_every_facet_is_served(client: TestClient) -> None:
    told = client.get("/api/alerts", params={"facets": ",".join(FACETS)}).json()
    assert told["facets"]["industry"][0] == {"value": "nev_battery", "n": 3}


def test_what_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    for url in (f"/api/alerts/{DRAFT}", "/feed.json", "/feed.atom"):
        first = client.get(url)
        again = client.get(url, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), url
        assert client.get(url, headers={"if-none-match": '"other"'}).status_code == 200


def follow(client: TestClient, since: int = 0, limit: int = 2) -> tuple[list[dict[str, object]], int]:
    """Everything after `since`, page by page as a reader follows `next_url`, and the last cursor."""
    items: list[dict[str, object]] = []
    url, cursor = f"/feed.json?since={since}&limit={limit}", since
    for _ in range(100):
        body = client.get(url).json()
        items += body["items"]
        cursor = body["_tradewarn"]["cursor"]
        if "next_url" not in body:
            return items, cursor
        url = body["next_url"].partition("testserver")[2]
    raise AssertionError("the feed does not end")


def test_a_reader_of_the_feed_sees_everything_once_and_later_changes_once(own_shop: Workshop) -> None:
    """Shown to fail: with `since` counted inclusively, the last item of each page came twice."""
    with TestClient(create(own_shop)) as client:
        items, cursor = follow(client)
        assert len({item["id"] for item in items}) == len(items) == 5
        assert [item["_tradewarn"]["sequence"] for item in items] == sorted(
            item["_tradewarn"]["sequence"] for item in items
        )
        assert follow(client, cursor) == ([], cursor)
        at = dt.datetime(2026, 11, 16, 7, tzinfo=dt.UTC)
        own_shop.catalogue.correct(DRAFT, "title_zh", "人工改定的标题", "analyst", at)
        own_shop.catalogue.load([])
        later, last = follow(client, cursor)
        assert [(item["title"], item["_tradewarn"]["change"], item["_tradewarn"]["version"]) for item in later] == [
            ("人工改定的标题", "corrected", 2)
        ]
        assert follow(client, last) == ([], last)
        assert text(tree(client, f"/zh/alerts/{DRAFT}").xpath("//h1")[0]) == "人工改定的标题"


def test_both_feeds_are_what_they_say(client: TestClient) -> None:
    body = client.get("/feed.json").json()
    assert body["version"] == "https://jsonfeed.org/version/1.1"
    for item in body["items"]:
        assert all(item[name] for name in ("id", "title", "content_text"))
        assert item["url"].startswith("http://testserver/zh/alerts/")
    response = client.get("/feed.atom")
    assert response.headers["content-type"].startswith("application/atom+xml")
    atom = ElementTree.fromstring(response.content)
    entries = atom.findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) == len(body["items"]) == 29
    assert len({entry.findtext("{http://www.w3.org/2005/Atom}id") for entry in entries}) == 29


def test_openapi_describes_the_api_and_not_the_pages(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert {"/api/alerts", "/api/alerts/{alert_id}", "/api/sources", "/feed.json", "/feed.atom", "/health"} == set(
        schema["paths"]
    )


def test_health_is_503_when_index_and_state_differ(own_shop: Workshop, portal_shop: Workshop) -> None:
    """A source that never ran is no failure of the platform; an index that lost an alert is."""
    with TestClient(create(own_shop)) as client:
        well = client.get("/health")
        assert (well.status_code, well.json()["ok"], well.json()["alerts"]) == (200, True, 5)
        other = portal_shop.catalogue.get("wto:G/SPS/N/USA/3")
        assert other is not None
        own_shop.store.put([other])  # in the index, and not in the state
        ill = client.get("/health")
        assert (ill.status_code, ill.json()["ok"]) == (503, False)

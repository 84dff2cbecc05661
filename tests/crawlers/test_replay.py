"""The replay server and what stands around it: manifests, addresses, and that spiders cannot tell."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_board import BASE, Desk, listing, row

from crawlers import addresses, replay
from crawlers.manifest import Manifest, ManifestError
from crawlers.replay import URL_HEADER, ReplayServer, Reply
from crawlers.source import load


def folder(tmp_path: Path, *rows: dict[str, Any], as_of: str | None = "2026-11-16T06:00:00+00:00") -> Path:
    lines = ([{"as_of": as_of}] if as_of else []) + list(rows)
    (tmp_path / "manifest.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    return tmp_path


def ask(server: ReplayServer, url: str, method: str = "GET", body: bytes = b"", **headers: str) -> httpx.Response:
    return httpx.request(method, f"{server.url}/", headers={URL_HEADER: url} | headers, content=body, trust_env=False)


def test_answers_are_found_by_url_parameters_and_body(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"alpha")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"beta"))
    (tmp_path / "c.txt").write_bytes(b"page 2")
    made = folder(
        tmp_path,
        {"url": "https://a.example/x?b=2&a=1", "file": "a.txt", "headers": {"Content-Type": "text/plain"}},
        {"url": "https://a.example/any?day=1&q=z", "file": "b.txt.gz", "query_any": ["day"]},
        {"url": "https://a.example/form", "method": "POST", "body_contains": "page=2", "file": "c.txt"},
        {"url": "https://a.example/gone", "status": 410},
    )
    with ReplayServer(made) as server:
        assert ask(server, "https://a.example/x?a=1&b=2").text == "alpha", "parameters are a multiset"
        assert ask(server, "https://a.example/x?a=1&b=2&b=2").status_code == 404
        assert ask(server, "https://a.example/x?a=1").status_code == 404
        assert ask(server, "https://a.example/any?q=z&day=2026-11-16").text == "beta"
        assert ask(server, "https://a.example/any?q=y&day=1").status_code == 404
        assert ask(server, "https://a.example/form", "POST", b"size=10&page=2").text == "page 2"
        assert ask(server, "https://a.example/form", "POST", b"page=3").status_code == 404
        assert ask(server, "https://a.example/form").status_code == 404
        assert ask(server, "https://a.example/gone").status_code == 410
        assert ask(server, "https://b.example/x?a=1&b=2").status_code == 404
        assert server.asked[0] == "GET https://a.example/x?a=1&b=2"


def test_a_recorded_validator_is_honoured(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"alpha")
    made = folder(
        tmp_path,
        {"url": "https://a.example/x", "file": "a.txt", "headers": {"ETag": '"1"', "Content-Encoding": "gzip"}},
    )
    with ReplayServer(made) as server:
        whole = ask(server, "https://a.example/x")
        assert (whole.text, whole.headers["etag"]) == ("alpha", '"1"')
        assert "content-encoding" not in whole.headers, "the body in the folder is unpacked"
        assert ask(server, "https://a.example/x", **{"If-None-Match": '"1"'}).status_code == 304


def test_the_clock_of_a_folder(tmp_path: Path) -> None:
    assert replay.as_of(folder(tmp_path)) == dt.datetime(2026, 11, 16, 6, tzinfo=dt.UTC)
    rows = [{"url": f"https://a.example/{n}", "fetched_at": f"2026-11-1{n}T00:00:00+08:00"} for n in (1, 3, 2)]
    assert replay.as_of(folder(tmp_path, *rows, as_of=None)) == dt.datetime(2026, 11, 12, 16, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"url": 5', "1:"),
        ('{"file": "a"}', "url is missing"),
        ('{"url": "https://a.example", "file": "none.txt"}', "does not exist"),
        ('{"url": "https://a.example", "colour": 1}', "unknown keys"),
        ('{"as_of": "2026-11-16T06:00:00"}', "no time zone"),
        ("[]", "1:"),
    ],
)
def test_a_manifest_that_is_wrong_says_where(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "manifest.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=words):
        Manifest.read(tmp_path)
    with pytest.raises(ManifestError, match=r"no manifest\.jsonl"):
        Manifest.read(tmp_path / "none")


def test_a_spider_cannot_tell(desk: Desk) -> None:
    """URLs in notices, robots.txt and redirects are the authority's; no header of ours arrives."""
    desk.board.pages[f"{BASE}/list.json"] = Reply(301, {"Location": "/other.json"})
    desk.board.pages[f"{BASE}/other.json"] = listing(row(1))
    assert desk.crawl().exit == 0
    assert [n.provenance.url for n in desk.notices()] == [f"{BASE}/other.json"]
    assert desk.board.asked == [f"GET {BASE}/robots.txt", f"GET {BASE}/list.json", f"GET {BASE}/other.json"]


def test_the_time_of_the_recording_is_the_time_of_the_notice(desk: Desk, tmp_path: Path) -> None:
    made = tmp_path / "recorded"
    made.mkdir()
    (made / "list.json").write_bytes(listing(row(1)))
    folder(made, {"url": f"{BASE}/list.json", "file": "list.json", "fetched_at": "2026-11-15T05:00:00+00:00"})
    assert desk.crawl(replay=made).exit == 0
    assert desk.notices()[0].fetched_at == dt.datetime(2026, 11, 15, 5, tzinfo=dt.UTC)


def test_a_response_is_quick(desk: Desk) -> None:
    """730 weekly files must pass in a minute; here 300 small ones take well under ten seconds."""
    desk.board.pages[f"{BASE}/list.json"] = listing(linked=[f"{BASE}/{n}.json" for n in range(300)])
    for number in range(300):
        desk.board.pages[f"{BASE}/{number}.json"] = listing(row(number))
    started = time.monotonic()
    assert desk.crawl().counts["new"] == 300
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://localhost:8080/", "http://[::1]/", "http://10.0.0.8/",
        "http://192.168.1.1/", "http://172.16.0.1/", "http://169.254.169.254/", "http://[fe80::1]/", "http://[::ffff:10.0.0.1]/", "http://0.0.0.0/", "http://printer.local/",
        "http://metadata.google.internal/", "http://100.64.0.1/", "file:///etc/passwd", "ftp://board.example.org/", "gopher://board.example.org/", "https:///x",
        "https://board.example.org.evil.example/", "https://evilboard.example.org.evil.example/", "https://notboard.example.org/", "http://board.example.org:99999/",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    assert addresses.refused(url, frozenset({"board.example.org"}))


@pytest.mark.parametrize(
    "url", ["https://board.example.org/x", "http://BOARD.example.org./", "https://cdn.board.example.org:8443/"]
)
def test_addresses_of_the_source_are_not(url: str) -> None:
    assert addresses.refused(url, frozenset({"board.example.org"})) is None


def test_hosts_are_those_declared() -> None:
    declared = load("eu_safety_gate")
    assert "ec.europa.eu" in addresses.hosts(declared)


def test_a_public_name_that_leads_inside_is_refused() -> None:
    assert addresses.PublicResolver._public("8.8.8.8", "dns.example") == "8.8.8.8"
    with pytest.raises(addresses.AddressRefused, match=r"rebound\.example resolves to the private address 10\.0\.0\.1"):
        addresses.PublicResolver._public("10.0.0.1", "rebound.example")


PARAMETER = st.tuples(st.text("abc", min_size=1, max_size=2), st.text("xyz", max_size=2))


@given(st.lists(PARAMETER, max_size=5), st.randoms())
def test_parameters_compare_as_an_unordered_multiset(pairs: list[tuple[str, str]], random: Any) -> None:
    from crawlers.manifest import _key

    def url(order: list[tuple[str, str]]) -> str:
        return "https://a.example/x" + ("?" + "&".join(f"{k}={v}" for k, v in order) if order else "")

    shuffled = pairs.copy()
    random.shuffle(shuffled)
    assert _key(url(pairs), frozenset()) == _key(url(shuffled), frozenset())
    if pairs:
        assert _key(url(pairs), frozenset()) != _key(url(pairs + pairs[:1]), frozenset())
        assert _key(url(pairs[1:]), frozenset()) != _key(url(pairs), frozenset())

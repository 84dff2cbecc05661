"""The search page: what it finds, facets, pages, orders, and what it offers when nothing or little is found."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from tests.tradewarn.portal_pages import DRAFT, text, tree
from tradewarn.portal import pages


def test_a_question_in_any_language_finds_the_same(client: TestClient) -> None:
    found = [
        set(tree(client, f"/zh/?q={q}").xpath("//h2/a/@href")) for q in ("锂电池", '"lithium battery"', "リチウム電池")
    ]
    assert f"/zh/alerts/{DRAFT}" in found[0]
    assert found[0] == found[1] == found[2]


def test_a_hit_shows_level_days_left_and_marked_words(client: TestClient) -> None:
    page = tree(client, "/zh/?q=锂电池&f=market:EU")
    first = next(hit for hit in page.xpath("//article") if hit.xpath(f".//a[@href='/zh/alerts/{DRAFT}']"))
    assert "黄色" in text(first)
    assert text(first.xpath(".//div[contains(@class, 'due')]")[0]) == "还有8天提意见截止2026-11-24".replace(
        "截止2", "截止2"
    )
    assert "soon" in first.xpath(".//div[contains(@class, 'due')]/@class")[0]
    assert text(first.xpath(".//h2/a")[0]) == "欧盟通报草案：锂电池 火灾合格评定要求"  # its dates stand beside it
    assert [mark.text for mark in first.xpath(".//h2//mark")] == ["锂电池"]
    assert [mark.text for mark in first.xpath(".//p[@class='orig']//mark")] == ["lithium-ion batteries"]
    assert "8507.60" in text(first)
    assert "预测 41%" in text(first)


def test_facets_keep_query_sort_and_the_other_filters(client: TestClient) -> None:
    """Shown to fail: with `f` left out of `_link`, the second filter replaced the first."""
    page = tree(client, "/zh/?q=battery&f=market:EU&f=industry:nev_battery&sort=date&page=1")
    [link] = page.xpath("//section[contains(@class, 'by-kind')]//a[contains(., '通报')]/@href")
    asked = parse_qs(urlsplit(link).query)
    assert asked == {
        "q": ["battery"],
        "f": ["market:EU", "industry:nev_battery", "kind:notification"],
        "sort": ["date"],
    }
    [chosen] = page.xpath("//section[contains(@class, 'by-market')]//a[@aria-current='true']/@href")
    assert parse_qs(urlsplit(chosen).query)["f"] == ["industry:nev_battery"]  # a chosen one takes itself away
    form = page.xpath("//form[@role='search']")[0]
    assert form.xpath("./input[@name='f']/@value") == ["market:EU", "industry:nev_battery"]
    assert form.xpath("./input[@name='sort']/@value") == ["date"]
    for sort in page.xpath("//p[@class='sorts']/a/@href"):
        assert len(parse_qs(urlsplit(sort).query)["f"]) == 2
    assert len(page.xpath("//p[@class='active']/a[@class='chip']")) == 2
    assert page.xpath("//p[@class='active']/a[@class='small']/@href") == ["?q=battery&sort=date"]


def test_a_facets_count_is_what_a_click_gives(client: TestClient) -> None:
    page = tree(client, "/en/")
    links = page.xpath("//aside//section//a")
    assert len(links) > 10
    for link in links:
        found = tree(client, "/en/" + link.get("href"))
        assert text(found.xpath("//p[@class='count']/strong")[0]) == text(link.xpath("./span[@class='n']")[0]), (
            link.get("href")
        )


def test_pages_of_results(client: TestClient) -> None:
    first, second = tree(client, "/zh/"), tree(client, "/zh/?page=2")
    one, two = (page.xpath("//h2/a/@href") for page in (first, second))
    assert len(one) == pages.PER_PAGE
    assert len({*one, *two}) == len(one) + len(two) == 29
    assert first.xpath("//a[@rel='next']/@href") == ["?page=2"]
    assert not second.xpath("//a[@rel='next']")


@pytest.mark.parametrize("sort", ["", "relevance", "date", "deadline", "level"])
def test_every_sort_is_a_page(client: TestClient, sort: str) -> None:
    """Shown to fail: the form's empty `sort` was refused by the pattern, and the search page answered 422."""
    page = tree(client, f"/zh/?q=&sort={sort}")
    assert len(page.xpath("//p[@class='sorts']/a[@aria-current='true']")) == 1
    if sort == "level":
        assert "red" in page.xpath("//article/@class")[0]
    if sort == "deadline":
        assert page.xpath("//h2/a/@href")[0] == f"/zh/alerts/{DRAFT}"


def test_nothing_found_says_that_this_proves_nothing(client: TestClient) -> None:
    for lang, words in (("zh", "这不表示没有措施"), ("en", "That does not mean there is no measure")):
        page = tree(client, f"/{lang}/?q=zeppelin")
        assert words in text(page)
        assert page.xpath(f"//main//a[@href='/{lang}/sources']")


def test_nothing_found_for_a_slip_of_the_pen_offers_the_word_meant(client: TestClient) -> None:
    """With the filters kept. Shown to fail: the engines knew the nearest words and no page asked them."""
    page = tree(client, "/en/?q=bateries&f=market:EU")
    [notice] = page.xpath("//div[@class='notice']")
    assert "Did you mean: batteries" in text(notice)
    [href] = notice.xpath("./p[2]/a/@href")
    assert parse_qs(urlsplit(href).query) == {"q": ["batteries"], "f": ["market:EU"]}
    assert tree(client, f"/en/{href}").xpath("//article[contains(@class, 'hit')]")
    assert "您是否要找" not in text(tree(client, "/zh/?q=zzzxqq"))


def test_a_page_says_that_words_may_be_missing(client: TestClient) -> None:
    """One answer on page and API; a search that is answered in full says nothing of it."""
    for lang, words in (("zh", "可缺其中1个词"), ("en", "may lack 1 of them")):
        page = tree(client, f"/{lang}/?q=Lumora+power+bank+zeppelin")
        assert words in text(page.xpath("//p[@class='missing']")[0])
        assert "Lumora" in text(page.xpath("//article")[0])
        assert not tree(client, f"/{lang}/?q=Lumora").xpath("//p[@class='missing']")
    told = client.get("/api/alerts?q=Lumora power bank zeppelin").json()
    assert told["missing"] == 1
    assert str(told["total"]) == text(page.xpath("//p[@class='count']/strong")[0])

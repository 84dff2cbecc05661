"""How bulletins look: golden files read by eye, escaping, mail and phone, names of places, the tables of words."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import html as lxml_html

from crawlers import places
from crawlers.notice import Notice
from index.alert import Alert
from nlp.assessment import MEASURES, Assessment, Model
from nlp.words import hazards
from reports import advice, goods_stopped, words
from reports.bulletin import compose
from reports.render import _wrapped, render
from reports.stories import STOPPING_KINDS
from reports.subscription import Subscription
from reports.words import Language, UnknownPhrase, say
from reports.writing import issue, languages, write, write_one

HERE = Path(__file__).parent
REPORTS = Path(words.__file__).parent
GMAIL_CLIPS = 102 * 1024
Reader = Subscription | None


@pytest.fixture(params=["general", "battery"])
def reader(request: pytest.FixtureRequest, battery: Subscription) -> Reader:
    return None if request.param == "general" else battery


# --- golden -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("form", ["html", "txt"])
def test_golden(the_week: list[Alert], reader: Reader, arguments: dict[str, Any], lang: Language, form: str) -> None:
    """To change a golden file: delete it, run, look at what was written (in a browser, at both widths), commit it."""
    bulletin = compose(the_week, subscription=reader, found={"us_cpsc:10900": ["充电宝"]}, **arguments)
    page = render(bulletin, lang)
    path = HERE / "golden" / f"{bulletin.key}-{lang}.{form}"
    body = page.html if form == "html" else page.text
    if not path.exists():
        path.write_text(body, encoding="utf-8")
        pytest.fail(f"{path.name} was missing and is written: read it before you commit it")
    assert body == path.read_text(encoding="utf-8")


def test_written_twice_nothing_changes(
    the_week: list[Alert], battery: Subscription, arguments: dict[str, Any], tmp_path: Path
) -> None:
    bulletin = compose(the_week, subscription=battery, **arguments)
    paths = write(bulletin, tmp_path / "out")
    assert [path.name for path in paths] == [
        "2026-W46-optics-valley-battery-zh.html",
        "2026-W46-optics-valley-battery-zh.txt",
    ]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]
    again = write_one(compose(the_week[::-1], subscription=battery, **arguments), tmp_path / "out", "zh")
    assert [one.outcome for one in again] == ["unchanged", "unchanged"]
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before
    paths[0].write_text("half", encoding="utf-8")
    assert [one.outcome for one in write_one(bulletin, tmp_path / "out", "zh")] == ["changed", "unchanged"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in paths)


def test_the_general_edition_is_in_both_languages(the_week: list[Alert], arguments: dict[str, Any]) -> None:
    bulletin = compose(the_week, **arguments)
    assert languages(bulletin) == ("zh", "en")
    row = issue(bulletin, render(bulletin, "en"), "en")
    assert (row.id, row.period, row.subscription) == ("2026-W46-general-en", "2026-W46", "")


# --- safe and sound HTML ------------------------------------------------------------------------------------------


def test_what_authorities_write_is_escaped(make: Callable[..., Alert], arguments: dict[str, Any]) -> None:
    evil = '<script>alert(1)</script> "><img src=x onerror=alert(1)> {{ 7*7 }} 2026-11-10'
    alert = make(
        title=evil,
        title_zh=evil,
        brief_zh=evil,
        brief_en=evil,
        document_type=evil,
        authority=evil,
        milestones=({"kind": "comment_deadline", "date": "2026-12-20"},),
    )
    goods = make("us_cpsc:1", kind="recall", origins=("CN",), title=evil, stated={"RecallNumber": evil, "Hazard": evil})
    for lang in words.LANGUAGES:
        page = render(compose([alert, goods], **arguments), lang).html
        tree = lxml_html.fromstring(page)
        assert not tree.xpath("//script | //img | //@onerror")
        assert "{{ 7*7 }}" in page


def test_mail_clients_can_show_it(the_week: list[Alert], reader: Reader, arguments: dict[str, Any]) -> None:
    """Inlined styles with the @media rules kept, nothing loaded from elsewhere, below Gmail's limit."""
    for lang in words.LANGUAGES:
        page = render(compose(the_week, subscription=reader, **arguments), lang)
        assert len(page.html.encode()) < GMAIL_CLIPS
        tree = lxml_html.fromstring(page.html)
        assert tree.get("lang") == {"zh": "zh-CN", "en": "en"}[lang]
        assert not tree.xpath("//link | //img | //script | //*[@background]")
        style = "".join(tree.xpath("//style/text()"))
        assert "@media only screen" in style
        assert "@media print" in style
        assert tree.xpath("//td[contains(@style, 'padding')]")
        assert not re.search(r"url\(|@import", page.html)
        assert page.title in page.html


def test_screen_readers_find_their_way(the_week: list[Alert], reader: Reader, arguments: dict[str, Any]) -> None:
    tree = lxml_html.fromstring(render(compose(the_week, subscription=reader, **arguments), "zh").html)
    assert len(tree.xpath("//h1")) == 1
    assert [h.get("id") for h in tree.xpath("//h2")] == [
        "highlights",
        "overview",
        "notifications",
        "drafts",
        "stopped",
        "statistics",
        "advice",
        "notes",
    ]
    for table in tree.xpath("//table"):
        layout = table.get("role") == "presentation"
        assert layout or table.xpath("./thead//th[@scope='col']") or table.get("aria-label"), table.get("class")
    for chart in tree.xpath("//table[contains(@class, 'track')]"):
        assert chart.get("aria-hidden") == "true"  # the number stands beside it, as text
    for title in tree.xpath("//p[@class='title']"):
        assert title.get("lang")


LEVEL_COLOURS = re.compile(r"\.chip-(\w+) \{ color: (#\w{6}); background: (#\w{6})")


def test_level_chips_have_contrast() -> None:
    """WCAG 2.2 AA: 4.5 to 1; and a level is never told by colour alone (a mark and the word stand in it)."""
    style = (REPORTS / "templates" / "bulletin.css.j2").read_text(encoding="utf-8")
    found = LEVEL_COLOURS.findall(style)
    assert {name for name, _, _ in found} == {"red", "yellow", "green", "plain"}
    for name, ink, paper in found:
        assert _contrast(ink, paper) >= 4.5, name
    for ink in re.findall(r"(?<!-)color: (#\w{6})", style):
        if ink != "#f3f1ec":  # the hidden preheader
            assert _contrast(ink, "#f7f6f2") >= 4.5, ink


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.component("chromium")
def test_no_sideways_scrolling_on_a_phone(
    the_week: list[Alert], battery: Subscription, arguments: dict[str, Any], make: Callable[..., Alert], tmp_path: Path
) -> None:
    """360 px wide, both languages, also with a word no line can break."""
    from playwright.sync_api import sync_playwright

    long = make(
        "wto:G/TBT/N/USA/7777",
        title="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsverordnung" * 2,
        authority="https://example.org/" + "a" * 120,
        products=[("850760", "stated")],
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 360, "height": 780})
        for who in (None, battery):
            bulletin = compose([*the_week, long], subscription=who, **arguments)
            for lang in words.LANGUAGES:
                path = write_one(bulletin, tmp_path, lang)[0].path
                page.goto(path.as_uri())
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= 360, (path.name, wide)
                assert page.evaluate("getComputedStyle(document.querySelector('.list td')).display") == "block"
                page.set_viewport_size({"width": 900, "height": 780})
                assert page.evaluate("getComputedStyle(document.querySelector('.list td')).display") == "table-cell"
                page.set_viewport_size({"width": 360, "height": 780})
        browser.close()


# --- words --------------------------------------------------------------------------------------------------------


def _phrases() -> dict[str, dict[str, str]]:
    body: dict[str, dict[str, str]] = yaml.safe_load((REPORTS / "phrases.yml").read_text(encoding="utf-8"))
    return body


def _sources() -> str:
    files = [*REPORTS.glob("*.py"), *(REPORTS / "templates").glob("*.j2")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_phrase_exists_in_both_languages_with_the_same_values() -> None:
    for key, pair in _phrases().items():
        assert set(pair) == {"zh", "en"}, key
        names = [{name for _, name, _, _ in string.Formatter().parse(pair[lang]) if name} for lang in ("zh", "en")]
        assert names[0] == names[1], key


def test_every_phrase_that_is_said_exists_and_every_phrase_is_said() -> None:
    text = _sources()
    said = set(re.findall(r"""say\(\s*["'](\w+)["']\s*[,)]""", text))
    assert said <= set(_phrases()), said - set(_phrases())
    idle = {key for key in _phrases() if not re.search(rf"""["']{key}["']""", text)}
    built = re.compile(r"^(h_|by_|last_|year_|advice_|statistics_|more_|fewer_)")
    assert not {key for key in idle if not built.match(key)}
    with pytest.raises(UnknownPhrase):
        say("no_such_phrase")


def test_names_of_places_are_approved_everywhere(
    the_week: list[Alert], reader: Reader, arguments: dict[str, Any]
) -> None:
    """Over templates, phrases, columns, advice; and over what is rendered of them."""
    files = [*(REPORTS / "templates").iterdir(), *REPORTS.glob("*.yml"), *(HERE / "golden").iterdir()]
    assert len(files) > 8
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not places.lint(text.replace("中国（不含港澳台）", "")), path.name
    page = render(compose(the_week, subscription=reader, **arguments), "zh")
    assert not places.lint(page.text)
    assert "国家(地区)" in page.html


def test_the_lint_sees_a_bad_name() -> None:
    assert places.lint("通报情况为：台湾1项")


def test_advice_covers_every_hazard_and_measure() -> None:
    table = advice.table()
    assert set(table["hazards"]) == set(hazards())
    assert set(table["measures"]) == set(MEASURES)
    for topic in table.values():
        for key, lines in topic.items():
            assert 1 <= len(lines) <= 3, key
            for line in lines:
                assert line.zh, key
                assert line.en, key
                assert not re.search(r"合法|违法|保证|legal|illegal|guarantee", f"{line.zh} {line.en}"), key


SAMPLES = HERE.parent / "samples"


@pytest.mark.parametrize("source_id", [path.parent.name for path in sorted(SAMPLES.glob("*/expected.jsonl"))])
def test_an_authoritys_columns_are_filled_from_its_own_labels(source_id: str) -> None:
    """Every incident of every sample shows at least two of its authority's columns: a renamed label is seen here."""
    for line in (SAMPLES / source_id / "expected.jsonl").read_text(encoding="utf-8").splitlines():
        facts = json.loads(line)
        if facts["kind"] not in STOPPING_KINDS:
            continue
        alert = _alert({**facts, "source": source_id})
        assert len(goods_stopped.cells(alert)) >= 2, facts["id"]
        assert goods_stopped.source_name(alert).zh


def _alert(facts: dict[str, Any]) -> Alert:
    where = {
        "url": "https://example.org",
        "fetched_at": "2026-11-16T06:00:00+00:00",
        "body_sha256": "0" * 64,
        "source_version": "1",
    }
    notice = Notice.model_validate({**facts, "provenance": where})
    model = Model(name="none", version="0", taxonomy="0")
    return Alert(
        notice=notice, assessment=Assessment(notice_id=notice.id, notice_hash=notice.hash, model=model), event=notice.id
    )


def test_the_table_of_columns_is_well_formed() -> None:
    for spec in goods_stopped.columns().values():
        assert set(spec) == {"name", "columns"}
        for column in spec["columns"]:
            assert set(column) <= {"zh", "en", "from", "place", "after"}
            for name in column["from"]:
                assert not name.startswith("@") or name[1:] in {*Notice.model_fields, "hazards"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_text_lines_are_not_wider_than_mail_likes(
    the_week: list[Alert], arguments: dict[str, Any], lang: Language
) -> None:
    text = render(compose(the_week, **arguments), lang).text
    for line in text.splitlines():
        wide = sum(2 if ord(c) > 0x2E7F else 1 for c in line)
        assert wide <= 78 or "://" in line, line
    assert "\n\n\n" not in text


def test_wrapping_keeps_words_and_closing_marks() -> None:
    wrapped = _wrapped("技术" * 40 + "，" + " word" * 30)
    assert wrapped.replace("\n", "").replace(" ", "") == "技术" * 40 + "，" + "word" * 30
    assert not any(line.startswith("，") for line in wrapped.splitlines())

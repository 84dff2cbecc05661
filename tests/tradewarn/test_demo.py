"""`make demo` as a newcomer runs it, over the sample week in a fresh home; then everything once more, and nothing is new."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from index.query import parse as parse_query
from nlp.assess import Assessor
from reports import subscription
from reports.period import week as parse_week
from tradewarn import cli, demo, editions, pipeline, schedule
from tradewarn.settings import Settings
from tradewarn.workshop import Workshop

ROOT = Path(__file__).parents[2]
WEEK = ROOT / "tests" / "samples" / "week"
SUBSCRIBERS = WEEK / "subscriptions.yml"
GENERAL = f"{demo.WEEK}-general"


@pytest.fixture(scope="module")
def one_assessor() -> Iterator[None]:
    """Models and gazetteer are loaded once for the whole file; each command of the demo would load its own."""
    made: list[Assessor] = []

    def assessor(_: Workshop) -> Assessor:
        if not made:
            made.append(Assessor())
        return made[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workshop, "assessor", property(assessor))
        yield


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, one_assessor: None) -> tuple[str, Path, Path]:
    """(what the demo printed, its home, the folder of bulletins): one run for all tests of this file.

    The demo's commands run in this process, one after the other (eight starts of Python would take a minute of CI); only
    the crawl has a process of its own, as always.
    """
    folder = tmp_path_factory.mktemp("demo")
    home, out = folder / "home", folder / "out"
    printed = io.StringIO()

    def here(command: list[str], *, env: dict[str, str], check: bool) -> subprocess.CompletedProcess[bytes]:
        assert (command[1:3], check) == (["-m", "tradewarn"], False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TRADEWARN_SUBSCRIPTIONS", env["TRADEWARN_SUBSCRIPTIONS"])
            patch.setattr(sys, "argv", ["tradewarn", *command[3:]])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        return subprocess.CompletedProcess(command, int(ended.value.code or 0))

    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TRADEWARN_")]:
            patch.delenv(name)
        patch.setenv("SERVE", "0")
        patch.setattr(demo.subprocess, "run", here)
        patch.setattr(sys, "argv", ["demo", "--home", str(home), "--week", str(WEEK), "--out", str(out)])
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = demo.main()
    assert code == 0, printed.getvalue()[-3000:]
    return printed.getvalue(), home, out


def test_the_demo_prints_what_it_did(shown: tuple[str, Path, Path]) -> None:
    """Shown to fail: with files taken in again and opinions not compared, its second run told 93 changed."""
    printed, _, _ = shown
    totals = [[int(n) for n in re.findall(r"\d+", line)] for line in printed.splitlines() if re.match(r"all\s+│", line)]
    (_, lost, new, changed, _), (_, lost_again, new_again, changed_again, _) = totals
    assert (lost, changed, lost_again, new_again, changed_again) == (0, 0, 0, 0, 0)
    assert new >= 60  # the sample week is a real week
    assert printed.count("$ tradewarn") == 8
    found = [int(n) for n in re.findall(r"^(\d+) alerts$", printed, re.MULTILINE)]
    assert len(found) == len(demo.QUESTIONS)
    assert found[0] == found[1] == found[2] > 0  # 锂电池, "lithium battery", リチウム電池: one concept, one set
    assert found[3] > 0
    assert "not serving" in printed


def test_each_subscriber_gets_a_bulletin_in_its_language(shown: tuple[str, Path, Path]) -> None:
    _, _, out = shown
    readers = subscription.load(SUBSCRIBERS)
    assert len(readers) == 3
    expected = {f"{GENERAL}-{lang}" for lang in ("zh", "en")}
    expected |= {f"{demo.WEEK}-{reader.id}-{reader.language}" for reader in readers}
    assert {path.stem for path in out.iterdir()} == expected
    assert {path.suffix for path in out.iterdir()} == {".html", ".txt"}
    for reader in readers:
        text = (out / f"{demo.WEEK}-{reader.id}-{reader.language}.txt").read_text(encoding="utf-8")
        assert reader.name in text
        # The week holds something for each of them; who gives headings only (4 digits) too.
        assert re.search(r"\[(直接相关|direct)\]", text), reader.id
    foods = next(reader for reader in readers if "agri" in reader.id or "foods" in reader.id)
    text = (out / f"{demo.WEEK}-{foods.id}-zh.txt").read_text(encoding="utf-8")
    assert "厚生劳动省" in text
    assert "充电宝" not in text


CJK = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uff00-\uffef]+")


def test_english_editions_have_english_words_only(shown: tuple[str, Path, Path]) -> None:
    """Chinese or Japanese stands in them only where an authority or a name is quoted, and the page says in which language.

    Shown to fail: the enquiry point of the settings was printed in Chinese, and the door of the Japanese consultations in
    Japanese; the line of the command told an English reader's counts in Chinese.
    """
    printed, home, out = shown
    shop = Workshop(Settings(_env_file=None, home=home, subscriptions=SUBSCRIBERS), replay=WEEK)
    try:
        quoted = "".join(change.body for change in shop.catalogue.changes(0, 1000))
    finally:
        shop.close()
    originals = re.sub(r"\s+", "", quoted.replace("\\n", ""))
    pages = sorted(out.glob("*-en.html"))
    assert [path.stem for path in pages] == [f"{GENERAL}-en", f"{demo.WEEK}-lightvalley-toys-en"]
    for path in pages:
        page = lxml_html.parse(path).getroot()
        assert page.get("lang") == "en"
        for words in page.xpath("//text()[not(parent::style)]"):
            if CJK.search(words):
                (language,) = words.getparent().xpath("ancestor-or-self::*[@lang][1]/@lang")
                assert language != "en", words
        text = re.sub(r"\s+", "", path.with_suffix(".txt").read_text(encoding="utf-8"))
        strange = [run for run in CJK.findall(text) if run not in originals]
        assert strange == [], path.name
        assert "Standards Technical Management Department" in path.read_text(encoding="utf-8")
    lines = [line for line in printed.splitlines() if line.startswith(f"{demo.WEEK}-lightvalley-toys")]
    assert len(lines) == 1
    assert not CJK.search(lines[0])
    assert "This week 17 WTO members" in lines[0]


def test_the_same_goods_in_two_markets_are_shown_as_possibly_one(shown: tuple[str, Path, Path]) -> None:
    """The Lumora power bank: brand and model are fields of Safety Gate and words of CPSC. No register joins it by a number."""
    _, home, _ = shown
    shop = Workshop(Settings(_env_file=None, home=home, subscriptions=SUBSCRIBERS), replay=WEEK)
    try:
        for brand in ("Lumora", "Magnivo"):
            page = shop.store.search(parse_query(brand), as_of=shop.today, sort="date", limit=10)
            ids = {hit.alert.id for hit in page.hits if brand in hit.alert.notice.title}
            assert {alert_id.partition(":")[0] for alert_id in ids} == {"eu_safety_gate", "us_cpsc"}
            for alert_id in ids:
                assert {alert.id for alert in shop.catalogue.possible(alert_id)} == ids - {alert_id}, brand
    finally:
        shop.close()


def test_once_more_nothing_is_new_and_nothing_is_in_the_feed(shown: tuple[str, Path, Path], one_assessor: None) -> None:
    """Shown to fail: with files taken in again, and opinions compared neither with the last nor with superseded ones, every
    alert was changed by the next run."""
    _, home, out = shown
    shop = Workshop(Settings(_env_file=None, home=home, subscriptions=SUBSCRIBERS), replay=WEEK)
    try:
        before = shop.catalogue.changes(0, 1000)
        held = {path.name: path.read_bytes() for path in out.iterdir()}
        rows = pipeline.table(pipeline.run(shop, schedule.default_ids(WEEK)))
        assert len(rows) == 5
        for source_id, row in rows.items():
            told = {name: row.get(f"index.{name}", 0) for name in ("new", "changed", "rejected")}
            assert (row["exit"], told) == (0, {"new": 0, "changed": 0, "rejected": 0}), source_id
        assert shop.catalogue.changes(0, 1000) == before
        assert shop.catalogue.changes(before[-1].sequence, 10) == []
        assert len({change.alert_id for change in before}) == shop.catalogue.count() == shop.store.count()
        for _ in editions.write(editions.bulletins(shop, parse_week(demo.WEEK)), out):
            pass
        assert {path.name: path.read_bytes() for path in out.iterdir()} == held
    finally:
        shop.close()


def test_a_failing_step_ends_the_demo_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[list[str]] = []

    def stub(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 3 if "search" in command else 0)

    monkeypatch.setattr(demo.subprocess, "run", stub)
    monkeypatch.setattr(
        sys, "argv", ["demo", "--home", str(tmp_path / "h"), "--week", "w", "--out", str(tmp_path / "o")]
    )
    assert demo.main() == 3
    assert len(ran) == 3
    assert "exit code 3" in capsys.readouterr().err


def test_the_pictures_of_the_readme_are_there_and_small() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]*\]\((docs/pictures/[\w-]+\.png)\)", readme)
    assert sorted(Path(path).stem for path in shown) == ["bulletin", "portal-alert", "portal-search"]
    for path in shown:
        body = (ROOT / path).read_bytes()
        assert body.startswith(b"\x89PNG")
        assert 20_000 < len(body) <= 300_000, path

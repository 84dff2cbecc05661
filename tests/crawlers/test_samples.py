"""The contract of every source: its declaration, its sample, and that the sample reads as expected - twice over."""

from __future__ import annotations

import json
import shutil
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cronsim import CronSim

from crawlers import assemble, dry, replay, runner, source, state
from crawlers.archive import Archive
from crawlers.manifest import Manifest
from crawlers.notice import Notice
from crawlers.source import Expect
from crawlers.worker import Worker

SAMPLES = Path(__file__).parent.parent / "samples"
IDS = source.all_ids()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as running:
        yield running


def dump(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


def test_every_file_in_sources_is_half_of_a_pair() -> None:
    yml = {path.stem for path in source.HERE.glob("*.yml")}
    py = {path.stem for path in source.HERE.glob("*.py")} - {"__init__"}
    assert yml == py
    assert len(yml) >= 1


def test_half_of_the_parsers_have_at_most_80_lines() -> None:
    """What sources share belongs into `crawlers/`, not into each (issue "Every regulator")."""
    sizes = {name: len((source.HERE / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in IDS}
    assert statistics.median(sizes.values()) <= 80, sorted(sizes.items(), key=lambda item: item[1])


def test_the_version_of_a_source_covers_the_shared_readers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mend of a shared reader is another reading: conditional requests then ask for everything again.

    Shown to fail with a version over the source's own two files alone.
    """
    room = tmp_path / "crawlers"
    shutil.copytree(source.HERE.parent, room, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(source, "HERE", room / "sources")

    def version(name: str) -> str:
        source.source_version.cache_clear()
        return source.source_version(name)

    try:
        before = {name: version(name) for name in ("jp_meti_recalls", "us_cpsc")}
        for shared in ("japanese.py", "places.csv"):
            with (room / shared).open("a", encoding="utf-8") as file:
                file.write("\n")
            after = version("jp_meti_recalls")
            assert after != before["jp_meti_recalls"], shared
            before["jp_meti_recalls"] = after
            if shared == "japanese.py":
                assert version("us_cpsc") == before["us_cpsc"]
    finally:
        source.source_version.cache_clear()


@pytest.mark.parametrize("source_id", IDS)
def test_the_declaration(source_id: str) -> None:
    """The yml says everything that is shown of a source, in at most 80 lines; its schedule is a cron line."""
    declared = source.load(source_id)
    text = (source.HERE / f"{source_id}.yml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert declared.requests or hasattr(declared.parser(), "start"), "nothing says what to ask for"
    assert callable(declared.parser().parse)
    assert declared.terms.attribution
    assert declared.expect is not None, "without `expect` a source can fall silent unnoticed"
    assert next(CronSim(declared.schedule, replay.as_of(SAMPLES / source_id)))
    for template in declared.requests:
        assert callable(getattr(declared.parser(), template.callback)), template.callback


@pytest.mark.parametrize("source_id", IDS)
def test_the_sample_reads_as_expected(source_id: str) -> None:
    """A missing `expected.jsonl` is written, and the test still fails: nothing passes unread."""
    folder = SAMPLES / source_id
    assert (folder / "manifest.jsonl").exists(), f"{source_id} has no sample: tests/samples/{source_id}/manifest.jsonl"
    result = dry.read(source_id, folder)
    assert (result.drifts, result.unlisted, result.failed) == ([], [], [])
    assert result.notices, "the sample holds no record that can be read"
    twice = [notice_id for notice_id, times in Counter(n.id for n in result.notices).items() if times > 1]
    assert not twice, f"ids stand twice: {twice}"
    assert len(result.notices) >= 5, "a sample shows at least five records: one each for the traps that are known"
    got = [dump(assemble.facts(notice)) for notice in result.notices]
    expected = folder / "expected.jsonl"
    if not expected.exists():
        expected.write_text("\n".join(got) + "\n", encoding="utf-8")
        pytest.fail(f"{expected.name} was missing and is written now: read it line by line, then run again")
    assert got == expected.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("source_id", IDS)
def test_the_sample_is_all_used(source_id: str) -> None:
    """Every recorded answer is asked for: an unused one tests nothing."""
    folder = SAMPLES / source_id
    manifest, asked = Manifest.read(folder), dry.read(source_id, folder).asked
    urls = {line.split(" ", 1)[1].split("#")[0] for line in asked}
    unused = [a.url for a in manifest.answers if not any(a.key(a.url) == a.key(url) for url in urls)]
    assert not unused


@pytest.mark.parametrize("source_id", IDS)
def test_the_runner_gives_the_same(source_id: str, worker: Worker, tmp_path: Path) -> None:
    """The same notices through Scrapy, the loopback server and the archive; crawled again, nothing new."""
    folder, url = SAMPLES / source_id, f"sqlite:///{tmp_path / 'state.db'}"
    engine = state.connect(url)
    state.metadata.create_all(engine)
    dried = dry.read(source_id, folder)

    def crawl() -> runner.CrawlResult:
        return runner.crawl(
            source_id,
            archive_url=str(tmp_path / "archive"),
            engine_url=url,
            as_of=replay.as_of(folder),
            replay=folder,
            expect=Expect(per="1d"),
            worker=worker,
        )

    result = crawl()
    assert result.exit == (6 if dried.rejects else 0), result.messages
    archive = Archive(str(tmp_path / "archive"))
    lines = [json.loads(line) for files in archive.committed("notices") for line in archive.read(files.path)]
    crawled = {n.id: n for n in (Notice.model_validate({k: v for k, v in b.items() if k != "run_seq"}) for b in lines)}
    assert len(crawled) == len(lines)
    assert {i: n.hash for i, n in crawled.items()} == {n.id: n.hash for n in dried.notices}
    assert {n.provenance.url for n in crawled.values()} == {n.provenance.url for n in dried.notices}
    again = crawl()
    assert (again.counts["new"], again.counts["changed"]) == (0, 0)
    engine.dispose()

"""Replay folders from real recordings, and the counts the authorities' own data must give."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest

from crawlers import recorded, recording, replay, runner, source, state
from crawlers.archive import Archive
from crawlers.job import CrawlResult
from crawlers.worker import Worker

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "tests" / "samples"


class Home:
    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.url, self.archive_url = f"sqlite:///{path / 'state.db'}", str(path / "archive")
        engine = state.connect(self.url)
        state.metadata.create_all(engine)
        engine.dispose()

    def crawl(
        self, source_id: str, folder: Path, since: dt.date | None = None, worker: Worker | None = None
    ) -> CrawlResult:
        return runner.crawl(
            source_id,
            archive_url=self.archive_url,
            engine_url=self.url,
            as_of=replay.as_of(folder),
            replay=folder,
            since=since,
            worker=worker,
        )

    def lines(self, source_id: str) -> list[dict[str, object]]:
        archive = Archive(self.archive_url)
        return [json.loads(line) for f in archive.committed("notices", source_id) for line in archive.read(f.path)]


def peak_mb(worker: Worker) -> int:
    """The peak of the crawl's process itself: `RUSAGE_CHILDREN` would tell the largest child of any test before."""
    status = Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) // 1024


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.mark.recordings
def test_730_weeks_in_bounded_memory(recordings: Path, tmp_path: Path, home: Home) -> None:
    """Issue "The house": 30,188 notices, 30,188 ids, 30,186 distinct case numbers, in < 300 MB."""
    folder = recorded.build("eu_safety_gate", recordings, tmp_path / "replay")
    with Worker() as worker:
        result = home.crawl("eu_safety_gate", folder, dt.date(2005, 1, 1), worker)
        peak = peak_mb(worker)
    assert peak < 300, f"{peak} MB"
    assert (result.exit, result.counts["new"], result.counts["responses"]) == (0, 30_188, 731)
    lines = home.lines("eu_safety_gate")
    assert len({line["id"] for line in lines}) == 30_188
    assert len({line["symbol"] for line in lines}) == 30_186
    again = home.crawl("eu_safety_gate", folder, dt.date(2025, 1, 1))
    assert (again.counts["new"], again.counts["changed"]) == (0, 0)
    assert again.counts["unchanged"] > 1000


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("source_id", "since", "notices"),
    [
        ("jp_mhlw_violations", dt.date(2016, 1, 1), 3_423),
        ("wto_eping_bulk", None, 90),
        ("us_cpsc", None, 2),
        ("us_federal_register", None, 969),
    ],
)
def test_recordings_of_the_other_four(
    recordings: Path, tmp_path: Path, home: Home, source_id: str, since: dt.date | None, notices: int
) -> None:
    """A few recorded rows of a busy source are rightly called shrunken (3); they are delivered all the same."""
    folder = recorded.build(source_id, recordings, tmp_path / "replay")
    result = home.crawl(source_id, folder, since)
    assert result.exit in {0, 3}, result.messages
    assert (result.counts["new"], result.counts["rejected"], result.counts["drifted"]) == (notices, 0, 0)
    assert len({line["id"] for line in home.lines(source_id)}) == notices
    again = home.crawl(source_id, folder, since)
    assert (again.counts["new"], again.counts["changed"], again.counts["unchanged"]) == (0, 0, notices)


@pytest.mark.recordings
def test_every_recording_is_read_or_has_its_reason(recordings: Path, tmp_path: Path) -> None:
    """docs/recordings.md is true: 0 rejects, no file without a reason (issue "Every regulator")."""
    page = (ROOT / "docs" / "recordings.md").read_text(encoding="utf-8")
    assert recorded.table(recordings, tmp_path) == page, "python -m crawlers.recorded --table … writes it anew"
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ") and line.count("|") == 6][1:]
    assert [row for row in rows if row[4].strip(" |") != "0"] == []
    assert len(rows) == len(recorded.BUILDERS) + sum(n - 1 for n in recorded.VARIANTS.values())
    assert "NO REASON" not in page


@pytest.mark.recordings
def test_several_sources_in_one_folder(recordings: Path, tmp_path: Path, home: Home) -> None:
    at = dt.datetime(2025, 6, 5, 12, tzinfo=dt.UTC)
    folder = recorded.build(["wto_eping_bulk", "us_cpsc"], recordings, tmp_path / "replay", as_of=at)
    assert replay.as_of(folder) == at
    assert home.crawl("wto_eping_bulk", folder).counts["new"] == 90
    assert home.crawl("us_cpsc", folder).counts["records"] == 2


def test_what_is_not_recorded_says_so(tmp_path: Path) -> None:
    with pytest.raises(recorded.NotRecorded, match=r"^zz_nobody: nothing of it is recorded"):
        recorded.build("zz_nobody", tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_builder_and_every_reason_is_of_a_source() -> None:
    known = set(source.all_ids())
    assert set(recorded.BUILDERS) <= known
    assert all(recorded.OTHER_FORMS.values())


def test_a_recording_of_the_sample_is_the_sample(tmp_path: Path) -> None:
    """`record` against a replay of the sample: the same answers in replay form, and no difference to show."""
    sample = SAMPLES / "us_cpsc"
    made = recording.record("us_cpsc", tmp_path / "out", as_of=replay.as_of(sample), replay=sample)
    assert made.differences == ()
    assert made.responses == len(replay.Manifest.read(sample).answers)
    assert recording.differences("us_cpsc", tmp_path / "out", sample) == []
    with pytest.raises(ValueError, match="not empty"):
        recording.record("us_cpsc", tmp_path / "out", as_of=replay.as_of(sample), replay=sample)


def test_a_recording_shows_what_the_authority_changed(tmp_path: Path) -> None:
    sample = SAMPLES / "us_cpsc"
    made = recording.record("us_cpsc", tmp_path / "out", as_of=replay.as_of(sample), replay=sample)
    assert made.responses
    for path in (tmp_path / "out").glob("*.body"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('"Hazards"', '"HazardList"'), encoding="utf-8")
    found = recording.differences("us_cpsc", tmp_path / "out", sample)
    assert "+ body $[].HazardList" in found
    assert "- body $[].Hazards" in found
    assert any(line.startswith(("! ", "- field")) for line in found)

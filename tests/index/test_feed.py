"""The feed's promises: every change once and in order, whoever writes, whenever a process dies (DESIGN.md, "The feed")."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event, text

import index.state
from crawlers.notice import Notice
from index import feed
from index.catalogue import Catalogue, Change
from index.query import parse
from index.sqlite_store import SqliteStore
from nlp.gazetteer import Gazetteer

AT = dt.datetime(2026, 11, 16, 8, tzinfo=dt.UTC)
Make = Callable[..., Any]


def never(a: Notice, b: Notice) -> float:
    return 0.0


def same_model(a: Notice, b: Notice) -> float:
    return float(a.stated.get("Model") == b.stated.get("Model"))


class Reader:
    """Follows the feed by its cursor, in pages of any size."""

    def __init__(self) -> None:
        self.seen: list[Change] = []

    def follow(self, catalogue: Catalogue, limit: int) -> None:
        while page := catalogue.changes(self.seen[-1].sequence if self.seen else 0, limit):
            self.seen += page

    def check(self, catalogue: Catalogue) -> None:
        """Each change once, in order, without a gap; versions count up by one; the last body is the alert as it is."""
        assert [change.sequence for change in self.seen] == list(range(1, len(self.seen) + 1))
        last: dict[str, Change] = {}
        for change in self.seen:
            before = last.get(change.alert_id)
            assert change.version == (before.version + 1 if before else 1)
            assert (change.kind == "new") == (before is None)
            if before is not None:
                assert change.body != before.body  # nothing is told that changed nothing
            last[change.alert_id] = change
        for alert_id, change in last.items():
            assert catalogue.get(alert_id) == change.alert


_NAMES = st.sampled_from("abcde")
_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("load"),
            st.lists(
                st.tuples(
                    _NAMES,
                    st.integers(1, 4),  # run_seq
                    st.sampled_from(["x", "y", "z"]),  # facts
                    st.sampled_from(["", "tea"]),  # opinion
                    st.sampled_from(["M10000", "M20000"]),
                ),
                min_size=1,
                max_size=5,
            ),
        ),
        st.tuples(st.just("correct"), _NAMES),
        st.tuples(st.just("note"), _NAMES),
        st.tuples(st.just("split"), _NAMES),
        st.tuples(st.just("merge"), st.tuples(_NAMES, _NAMES)),
        st.tuples(st.just("read"), st.integers(1, 4)),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_whatever_happens_a_reader_sees_each_change_once_and_in_order(
    steps: list[Any], gazetteer: Gazetteer, make_notice: Make, make_assessment: Make, tmp_path: Path
) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    engine = create_engine("sqlite://")
    index.state.metadata.create_all(engine)
    store = SqliteStore(folder / "index.db", gazetteer=gazetteer)
    catalogue = Catalogue(engine, store, score=same_model, threshold=0.5)
    reader = Reader()
    there: set[str] = set()
    for name, what in steps:
        if name == "load":
            lines = []
            for letter, seq, facts, concept, model in what:
                notice = make_notice(letter, title=f"Notice {facts}", stated={"Model": model})
                lines.append((seq, notice, make_assessment(notice, concepts=[concept] if concept else [])))
                there.add(letter)
            loaded = catalogue.load(lines)
            assert loaded.new + loaded.changed + loaded.unchanged == len(lines)
            assert catalogue.load(lines).new == 0
        elif name == "read":
            reader.follow(catalogue, what)
        elif name == "merge":
            if what[0] != what[1] and set(what) <= there:
                event_id = catalogue.merge([f"test:{letter}" for letter in what], "analyst", AT)
                assert {f"test:{letter}" for letter in what} <= {a.id for a in catalogue.event(event_id)}
        elif what in there:
            alert_id = f"test:{what}"
            if name == "correct":
                catalogue.correct(alert_id, "title_zh", "标题", "analyst", AT)
            elif name == "note":
                catalogue.note(alert_id, "note", "analyst", AT)
            else:
                catalogue.split(alert_id, "analyst", AT)
                assert [a.id for a in catalogue.event(alert_id)] == [alert_id]
    reader.follow(catalogue, 3)
    reader.check(catalogue)
    found = {alert.id: alert for alert in store.scan(parse(""), as_of=AT.date())}
    assert found == {f"test:{letter}": catalogue.get(f"test:{letter}") for letter in there}
    for alert in found.values():  # an event is named after its oldest member
        members = catalogue.event(alert.event)
        assert alert.event == min((m.notice.published, m.id) for m in members)[1]
        assert {m.event for m in members} == {alert.event}
    store.close()
    engine.dispose()


def test_two_writers_and_a_reader_at_once(
    state_engine: Engine, sqlite_store: SqliteStore, make_notice: Make, make_assessment: Make, monkeypatch: Any
) -> None:
    monkeypatch.setattr("index.catalogue.BATCH", 3)
    done = threading.Event()
    reader = Reader()
    failures: list[BaseException] = []

    def write(seq: int) -> None:
        try:
            catalogue = Catalogue(state_engine, sqlite_store, score=never, threshold=0.5)
            for version in range(3):
                lines = []
                for number in range(12):
                    notice = make_notice(f"n{number}", title=f"Run {seq} version {version}")
                    lines.append((seq * 10 + version, notice, make_assessment(notice)))
                catalogue.load(lines)
        except BaseException as error:
            failures.append(error)

    def read() -> None:
        try:
            catalogue = Catalogue(state_engine, sqlite_store, score=never, threshold=0.5)
            while not done.is_set():
                reader.follow(catalogue, 5)
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(seq,)) for seq in (1, 2)]
    follower = threading.Thread(target=read)
    for thread in (follower, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    follower.join()
    assert not failures
    catalogue = Catalogue(state_engine, sqlite_store, score=never, threshold=0.5)
    reader.follow(catalogue, 1000)
    reader.check(catalogue)
    titles = {catalogue.get(f"test:n{n}").notice.title for n in range(12)}  # type: ignore[union-attr]
    assert titles == {"Run 2 version 2"}


def test_search_is_never_behind_the_feed(
    state_engine: Engine, sqlite_store: SqliteStore, make_notice: Make, make_assessment: Make
) -> None:
    """At the moment a change is committed, the engine already finds it."""
    catalogue = Catalogue(state_engine, sqlite_store, score=never, threshold=0.5)
    found: list[int] = []
    event.listen(state_engine, "commit", lambda _: found.append(sqlite_store.search(parse(""), as_of=AT.date()).total))
    lines = [(1, n, make_assessment(n)) for n in (make_notice(f"n{i}") for i in range(3))]
    catalogue.load(lines)
    assert found == [3]


@pytest.mark.component("postgres")
def test_without_the_lock_a_reader_would_miss_a_change(postgres_engine: Engine) -> None:
    """The negative control: two transactions that number their changes without the lock commit out of order."""
    with postgres_engine.connect() as first, postgres_engine.connect() as second:
        insert = "INSERT INTO changes VALUES (:n, 'a', :n, 'new', '', '')"
        first.execute(text(insert), {"n": 1})
        second.execute(text(insert), {"n": 2})
        second.commit()
        with postgres_engine.connect() as reader:
            assert [change.sequence for change in feed.read(reader, 0, 10)] == [2]  # a cursor at 2 never sees 1
        first.commit()


@pytest.fixture
def postgres_engine(request: pytest.FixtureRequest) -> Any:
    engine = create_engine(request.getfixturevalue("postgres").database())
    index.state.metadata.create_all(engine)
    yield engine
    engine.dispose()


LOADER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from sqlalchemy import create_engine, event
    from crawlers.notice import Notice
    from index import catalogue, state
    from index.sqlite_store import SqliteStore
    from nlp.assessment import Assessment
    from nlp.gazetteer import Concept, Gazetteer

    folder = Path(sys.argv[1])
    catalogue.BATCH = 20
    engine = create_engine(f"sqlite:///{folder / 'state.db'}", connect_args={"timeout": 60})
    store = SqliteStore(folder / "index.db", gazetteer=Gazetteer([Concept("tea", "product", {"en": ("tea",)})]))
    made = catalogue.Catalogue(
        engine, store, score=lambda a, b: float(a.stated.get("Model") == b.stated.get("Model")), threshold=0.5
    )

    def lines():
        for line in (folder / "lines.jsonl").open(encoding="utf-8"):
            notice, assessment = line.split("\\t")
            yield 1, Notice.model_validate_json(notice), Assessment.model_validate_json(assessment)

    print("ready", flush=True)
    if sys.argv[2] == "rebuild":
        made.rebuild(lines())
    else:
        made.load(lines())
    print("done", flush=True)
    """
)


def prepare(folder: Path, make_notice: Make, make_assessment: Make, count: int) -> None:
    folder.mkdir()
    engine = create_engine(f"sqlite:///{folder / 'state.db'}")
    index.state.metadata.create_all(engine)
    engine.dispose()
    with (folder / "lines.jsonl").open("w", encoding="utf-8") as out:
        for number in range(count):
            notice = make_notice(f"n{number}", title=f"Notice {number}", stated={"Model": f"M{number % 97:05}"})
            out.write(f"{notice.line()}\t{make_assessment(notice).line()}\n")


def run(folder: Path, what: str, kill_after: float | None) -> bool:
    """One process; killed with -9 so many seconds after it is ready, unless it was done before. True: it came to its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOADER, str(folder), what],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    if kill_after is not None:
        deadline = time.monotonic() + kill_after
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    return rest == "done\n"


def state_of(folder: Path, gazetteer: Gazetteer) -> tuple[Any, ...]:
    """DESIGN.md's equality: each id's canonical hash, and the multiset of (id, version, kind); and what search finds."""
    engine = create_engine(f"sqlite:///{folder / 'state.db'}")
    store = SqliteStore(folder / "index.db", gazetteer=gazetteer)
    catalogue = Catalogue(engine, store, score=never, threshold=0.5)
    reader = Reader()
    reader.follow(catalogue, 500)
    reader.check(catalogue)
    indexed = {alert.id: feed.alert_hash(alert) for alert in store.scan(parse(""), as_of=AT.date())}
    told = sorted((change.alert_id, change.version, change.kind) for change in reader.seen)
    current = {alert_id: feed.alert_hash(catalogue.get(alert_id)) for alert_id in indexed}  # type: ignore[arg-type]
    assert indexed == current
    assert store.count() == len(indexed)
    store.close()
    engine.dispose()
    return indexed, told


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(int(os.environ.get("TRADEWARN_SOAK_KILLS", "3"))))
def test_killed_at_any_moment_the_end_is_the_same(
    seed: int, tmp_path: Path, gazetteer: Gazetteer, make_notice: Make, make_assessment: Make
) -> None:
    """A load (then a rebuild) is killed again and again, and finished: nothing is lost, doubled or told twice."""
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    killed, sound = tmp_path / "killed", tmp_path / "sound"
    for folder in (killed, sound):
        prepare(folder, make_notice, make_assessment, 200)
    assert run(sound, "load", None)
    for _ in range(3):
        run(killed, "load", chance.uniform(0, 0.5))
    assert run(killed, "load", None)
    assert state_of(killed, gazetteer) == state_of(sound, gazetteer)
    run(killed, "rebuild", chance.uniform(0, 0.4))
    assert state_of(killed, gazetteer) == state_of(sound, gazetteer)
    assert run(killed, "rebuild", None)
    assert state_of(killed, gazetteer) == state_of(sound, gazetteer)

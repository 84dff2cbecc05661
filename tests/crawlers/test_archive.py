"""The archive on a disk, in memory and on S3: only committed runs exist, in the order of `run_seq`."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.archive import Archive, ArchiveError

DAY = dt.date(2026, 11, 16)


@pytest.fixture(params=["disk", "memory", "s3"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    if request.param == "disk":
        yield Archive(str(tmp_path / "archive"))
    elif request.param == "memory":
        made = Archive(f"memory://{tmp_path.name}/archive")
        yield made
        made._fs.rm(made._root, recursive=True) if made._fs.exists(made._root) else None
    else:
        yield from _s3(tmp_path.name)


def _s3(name: str) -> Iterator[Archive]:
    """moto's server: object storage without rename, with S3's own listings."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        login = {"key": "test", "secret": "test"}
        boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        ).create_bucket(Bucket="archive")
        yield Archive(f"s3://archive/{name}", endpoint_url=endpoint, skip_instance_cache=True, **login)
    finally:
        server.stop()


def put(archive: Archive, source: str, run: str, seq: int, lines: list[str], day: dt.date = DAY) -> str:
    with archive.writer("notices", source, day, run) as out:
        for line in lines:
            out.write(line)
    return archive.commit("notices", source, day, run, {"run_seq": seq, "counts": {"new": len(lines)}})


def test_only_what_is_committed_exists(archive: Archive) -> None:
    with archive.writer("notices", "us_a", DAY, "r1") as out:
        out.write('{"id": "é 中"}')
    assert archive.committed("notices") == []
    path = archive.commit("notices", "us_a", DAY, "r1", {"run_seq": 3})
    assert path == "notices/us_a/2026-11-16/r1.jsonl.gz"
    (files,) = archive.committed("notices")
    assert (files.kind, files.source, files.day, files.run, files.run_seq, files.path) == (
        "notices",
        "us_a",
        DAY,
        "r1",
        3,
        path,
    )
    assert list(archive.read(path)) == ['{"id": "é 中"}']


def test_runs_come_in_the_order_of_their_numbers_not_of_their_days(archive: Archive) -> None:
    put(archive, "us_a", "late", 2, ["{}"], DAY - dt.timedelta(days=3))
    put(archive, "us_a", "first", 1, ["{}"])
    put(archive, "us_a", "tenth", 10, ["{}"])
    put(archive, "eu_b", "x", 7, ["{}"])
    assert [f.run for f in archive.committed("notices")] == ["x", "first", "late", "tenth"]
    assert [f.run for f in archive.committed("notices", "us_a")] == ["first", "late", "tenth"]
    assert [f.run for f in archive.committed("notices", "us_a", since=DAY)] == ["first", "tenth"]
    assert archive.committed("assessments") == []


def test_a_commit_that_was_cut_off_is_none(archive: Archive) -> None:
    path = put(archive, "us_a", "r1", 1, ["{}"])
    stats = archive._full(path.replace(".jsonl.gz", ".stats.json"))
    whole = archive._fs.cat_file(stats)
    for cut in (b"", whole[: len(whole) // 2], b"{}", b'{"run_seq": "x"}'):
        with archive._fs.open(stats, "wb") as file:
            file.write(cut)
        assert archive.committed("notices") == [], cut


def test_nothing_is_committed_without_its_data_or_its_number(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="nothing to commit"):
        archive.commit("notices", "us_a", DAY, "r1", {"run_seq": 1})
    with pytest.raises(ArchiveError, match="run_seq"):
        archive.commit("notices", "us_a", DAY, "r1", {})


def test_notices_are_never_written_over_and_assessments_may_be(archive: Archive) -> None:
    put(archive, "us_a", "r1", 1, ["{}"])
    with pytest.raises(ArchiveError, match="never written over"), archive.writer("notices", "us_a", DAY, "r1"):
        pass
    for text in ("old", "new"):
        with archive.writer("assessments", "us_a", DAY, "r1.m1") as out:
            assert archive.committed("assessments") == [], "half-written, it must not count as the old one"
            out.write(f'"{text}"')
        path = archive.commit("assessments", "us_a", DAY, "r1.m1", {"run_seq": 1})
    assert list(archive.read(path)) == ['"new"']


def test_an_uncommitted_run_may_be_written_again(archive: Archive) -> None:
    for text in ("a longer first attempt", "second"):
        with archive.writer("notices", "us_a", DAY, "r1") as out:
            out.write(text)
    path = archive.commit("notices", "us_a", DAY, "r1", {"run_seq": 1})
    assert list(archive.read(path)) == ["second"]


def test_bodies_by_their_hash_beside_the_run(archive: Archive) -> None:
    body = bytes(range(256)) * 40
    for _ in range(2):
        archive.put_body("us_a", DAY, "ab" * 32, body)
    assert archive.body("us_a", DAY, "ab" * 32) == body
    put(archive, "us_a", "r1", 1, ["{}"])
    assert [f.run for f in archive.committed("notices")] == ["r1"]
    with pytest.raises(ArchiveError, match="no body"):
        archive.body("us_a", DAY, "cd" * 32)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "ä"])
def test_a_name_is_one_segment(tmp_path: Path, name: str) -> None:
    archive = Archive(str(tmp_path))
    with pytest.raises(ArchiveError, match="cannot be a name"), archive.writer("notices", "us_a", DAY, name):
        pass


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    archive = Archive(str(tmp_path))
    path = put(archive, "us_a", "r1", 1, [f'{{"n": {n}}}' for n in range(2000)])
    whole = (tmp_path / path).read_bytes()
    (tmp_path / path).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArchiveError, match="damaged"):
        list(archive.read(path))
    with pytest.raises(ArchiveError, match="not in the archive"):
        list(archive.read("notices/us_a/2026-11-16/none.jsonl.gz"))


def test_the_same_lines_are_the_same_bytes(tmp_path: Path) -> None:
    one, two = Archive(str(tmp_path / "one")), Archive(str(tmp_path / "two"))
    path = put(one, "us_a", "r1", 1, ['"x"'] * 50)
    put(two, "us_a", "r1", 1, ['"x"'] * 50)
    assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_half_a_character_is_kept_as_its_escape(tmp_path: Path) -> None:
    archive = Archive(str(tmp_path))
    path = put(archive, "us_a", "r1", 1, ['"\ud83d"'])
    assert list(archive.read(path)) == ['"\\ud83d"']


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=200), max_size=30)
)
def test_lines_come_back_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    folder = tmp_path_factory.mktemp("lines")
    archive = Archive(str(folder))
    path = put(archive, "us_a", "r1", 1, lines)
    assert list(archive.read(path)) == lines
    assert gzip.decompress((folder / path).read_bytes()).count(b"\n") == len(lines)


def test_a_line_end_inside_a_line_is_refused(tmp_path: Path) -> None:
    archive = Archive(str(tmp_path))
    with pytest.raises(ArchiveError, match="line end"), archive.writer("notices", "us_a", DAY, "r1") as out:
        out.write("a\nb")
    assert archive.committed("notices") == []

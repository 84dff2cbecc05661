"""Documents read as text on request: what a reader may meet, and that neither a document nor a server can harm a crawl."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfWriter

from crawlers import attachment_text, attachments, dry, replay, runner, state
from crawlers.archive import Archive
from crawlers.attachment_text import TEXT_LIMIT
from crawlers.attachments import NoText, extract
from crawlers.job import CrawlResult
from crawlers.lines import facts_hash
from crawlers.notice import Document, Notice
from crawlers.source import Expect, all_sources, load
from crawlers.worker import Worker

SAMPLES = Path(__file__).parent.parent / "samples"
WORDS = "Draft technical regulation on power banks with lithium batteries"
DRAFT, DOCUMENT = "wto:G/TBT/N/SAU/1427", "https://members.wto.org/a.pdf"
PDF, HTML = "application/pdf", "text/html; charset=utf-8"


def pdf(content: bytes, *, pages: int = 1, filtered: str = "") -> bytes:
    """A small PDF whose pages all show `content` (operators of a content stream, or its bytes behind `filtered`)."""
    kids = " ".join(f"{number} 0 R" for number in range(5, 5 + pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), filtered.encode(), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *[b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 3 0 R /Resources << /Font << /F1 4 0 R >> >> >>"]
        * pages,
    ]  # fmt: skip
    body, offsets = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return body + end % (len(objects) + 1, table, len(objects) + 1, len(body))


def showing(text: str) -> bytes:
    return f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET\n".encode()


def encrypted(password: str) -> bytes:
    writer, out = PdfWriter(clone_from=io.BytesIO(pdf(showing(WORDS)))), io.BytesIO()
    writer.encrypt(password, "owner", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def bomb() -> bytes:
    """A page whose content unpacks to 512 MB of zeros, packed twice."""
    packer, once = zlib.compressobj(1), io.BytesIO()
    for _ in range(512):
        once.write(packer.compress(bytes(1 << 20)))
    once.write(packer.flush())
    return pdf(zlib.compress(once.getvalue(), 9), filtered="/Filter [/FlateDecode /FlateDecode]")


def test_a_pdf_and_a_page() -> None:
    assert extract(pdf(showing(WORDS)), PDF) == WORDS
    page = (
        "<!DOCTYPE html><html><head><title>Act</title><script>var x = 'no';</script></head><body><nav>Menu</nav>"
        "<h1>Article&nbsp;1</h1><p>The limit for <b>lead</b> is 0.1 mg.</p><p>It applies to toys of all kinds.</p></body></html>"
    )
    assert (
        extract(page.encode(), HTML)
        == "Act\nArticle 1\nThe limit for lead is 0.1 mg.\nIt applies to toys of all kinds."
    )
    latin = "<html><body>Der Grenzwert für Blei beträgt 0,1 mg je Erzeugnis.</body></html>".encode("latin-1")
    assert "für Blei beträgt" in extract(latin, "text/html; charset=iso-8859-1")


def test_a_pdf_that_anyone_may_read_is_read() -> None:
    """Encrypted for its owner only: the user's password is empty, every reader opens it."""
    assert extract(encrypted(""), PDF) == WORDS


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        (encrypted("secret"), PDF, "is encrypted"),
        (pdf(b"q 612 0 0 792 0 0 cm Q"), PDF, "holds no text"),
        (pdf(showing(WORDS))[:300], PDF, "is no readable PDF"),
        (b"%PDF-1.7\n" + b"\xff" * 4000, PDF, "is no readable PDF|holds no text"),
        (b"PK\x03\x04" + bytes(100), PDF, "is neither PDF nor HTML"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "application/msword", "is neither PDF nor HTML"),
        (b"", "", "is neither PDF nor HTML"),
        (b"<html><body><script>only()</script></body></html>", HTML, "holds no text"),
    ],
    ids=["encrypted", "scanned", "cut off", "garbage", "zip called PDF", "Word", "empty", "script only"],
)
def test_what_gives_no_text_says_why(body: bytes, content_type: str, why: str) -> None:
    with pytest.raises(NoText, match=why):
        extract(body, content_type)


def test_a_bomb_ends_its_reader_and_not_us() -> None:
    """Half a gigabyte behind a few KB: pypdf refuses to unpack it."""
    packed = bomb()
    assert len(packed) < 100_000
    with pytest.raises(NoText, match=r"^is no readable PDF \(LimitReachedError"):
        extract(packed, PDF)


def test_a_reader_beyond_its_memory_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What pypdf does not refuse itself ends with the process: here it may take 1 MB more than nothing, for 2,000 pages."""
    room = tmp_path / "crawlers"
    room.mkdir()
    text = Path(attachment_text.__file__).read_text(encoding="utf-8")
    (room / "__init__.py").touch()
    (room / "attachment_text.py").write_text(text.replace("1 << 30", "1 << 20"), encoding="utf-8")
    monkeypatch.setattr(attachments, "ROOT", tmp_path)
    with pytest.raises(NoText, match=r"needs more than 1 MB|ended its reader"):
        extract(pdf(showing("Lorem ipsum dolor sit amet. " * 40), pages=2000), PDF)


def test_a_page_nested_without_end_is_read_or_refused_quickly() -> None:
    """libxml2 stops at its own depth; what it read until then is the text."""
    deep = b"<html><body><p>" + WORDS.encode() + b"</p>" + b"<div>" * 200_000 + b"deep</body></html>"
    assert extract(deep, HTML).startswith(WORDS)


def test_a_long_document_is_cut() -> None:
    """Two thousand pages: reading stops where there is enough."""
    text = extract(pdf(showing("Lorem ipsum dolor sit amet. " * 40), pages=2000), PDF)
    assert len(text) == TEXT_LIMIT


def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "READ_SECONDS", 0.01)
    with pytest.raises(NoText, match=r"takes more than 0.01 s"):
        extract(pdf(showing(WORDS)), PDF)


# --- in a crawl, over the loopback server -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as running:
        yield running


class Home:
    """The API's sample and one document more; a state and an archive."""

    def __init__(self, path: Path, worker: Worker, **answer: object) -> None:
        self.worker, self.folder = worker, path / "replay"
        shutil.copytree(SAMPLES / "wto_eping_api", self.folder)
        if answer:
            row = {"url": DOCUMENT, "file": "document", "headers": {"Content-Type": answer.pop("type", PDF)}}
            (self.folder / "document").write_bytes(answer.pop("body", b""))  # type: ignore[arg-type]
            with (self.folder / "manifest.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(row | answer) + "\n")
        self.url, self.archive = f"sqlite:///{path / 'state.db'}", Archive(str(path / "archive"))
        engine = state.connect(self.url)
        state.metadata.create_all(engine)
        engine.dispose()

    def crawl(self, run: str, *, attachments: bool = True, since: dt.date | None = None) -> CrawlResult:
        return runner.crawl(
            "wto_eping_api", archive_url=self.archive.url, engine_url=self.url, as_of=replay.as_of(self.folder),
            replay=self.folder, expect=Expect(per="1d"), worker=self.worker, run_id=run, attachments=attachments, since=since,
        )  # fmt: skip

    def draft(self) -> Notice:
        lines = [
            json.loads(line) for files in self.archive.committed("notices") for line in self.archive.read(files.path)
        ]
        (body,) = [line for line in lines if line["id"] == DRAFT]
        body.pop("run_seq")
        return Notice.model_validate(body)


def plain() -> Notice:
    folder = SAMPLES / "wto_eping_api"
    return next(n for n in dry.read("wto_eping_api", folder).notices if n.id == DRAFT)


def test_the_text_of_a_draft_stands_behind_its_own(tmp_path: Path, worker: Worker) -> None:
    """… and outside the hash: the next crawl, with or without attachments, finds nothing changed.

    Shown to fail with a `facts_of` that keeps the text: the hash is another than the plain notice's.
    """
    home = Home(tmp_path, worker, body=pdf(showing(WORDS)))
    first = home.crawl("first")
    assert (first.exit, first.counts["new"], first.counts["attachments"]) == (6, 7, 1), first.messages
    draft = home.draft()
    assert draft.text.endswith(WORDS)
    assert draft.attached >= len(WORDS)
    assert draft.hash == plain().hash == facts_hash(json.loads(draft.line()))
    for run, wanted in (("with", True), ("without", False)):
        again = home.crawl(run, attachments=wanted)
        assert (again.counts["new"], again.counts["changed"], again.counts.get("attachments", 0)) == (0, 0, 0)


def test_nothing_is_read_unasked_or_in_a_back_fill(tmp_path: Path, worker: Worker) -> None:
    unasked = Home(tmp_path / "unasked", worker, body=pdf(showing(WORDS)))
    assert "attachments" not in unasked.crawl("first", attachments=False).counts
    assert unasked.draft().attached == 0
    rule = load("wto_eping_api").attachments
    assert rule is not None
    back = Home(tmp_path / "back", worker, body=pdf(showing(WORDS)))
    since = replay.as_of(back.folder).date() - dt.timedelta(days=60)
    assert "attachments" not in back.crawl("back", since=since).counts


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({}, r"HTTP 404"),
        ({"status": 403, "body": b"no", "type": "text/plain"}, r"HTTP 403"),
        ({"body": b"%PDF-1.4\n" + bytes(9 << 20)}, r"cannot be fetched"),
        ({"body": encrypted("secret")}, r"is encrypted"),
        ({"body": b"PK\x03\x04", "type": "application/zip"}, r"neither PDF nor HTML"),
        ({"status": 302, "body": b"", "type": "text/plain", "to": "http://169.254.169.254/x.pdf"}, r"private address"),
        ({"status": 302, "body": b"", "type": "text/plain", "to": "https://elsewhere.example/x.pdf"}, r"not declared"),
    ],
    ids=["gone", "refused", "huge", "encrypted", "zip", "to a private address", "to another host"],
)
def test_a_document_without_text_is_a_message_and_the_notice_comes(
    tmp_path: Path, worker: Worker, answer: dict[str, object], why: str
) -> None:
    answer = dict(answer)
    if to := answer.pop("to", None):
        answer["headers"] = {"Location": to}
    home = Home(tmp_path, worker, **answer)
    result = home.crawl("first")
    assert (result.exit, result.counts["new"], result.counts["attachments_without_text"]) == (6, 7, 1)
    said = [message for message in result.messages if DRAFT in message]
    assert len(said) == 1
    assert re.search(why, said[0]), said[0]
    assert home.draft() == home.draft().model_copy(update={"attached": 0, "text": plain().text})


def test_only_hosts_that_are_declared_are_asked() -> None:
    """A rule of a source names documents its own notices have, on hosts it declares; a link elsewhere is not followed."""
    sources = [source for source in all_sources() if source.attachments]
    assert {source.id for source in sources} >= {"wto_eping_bulk", "wto_eping_api", "us_federal_register", "eu_eurlex"}
    for source in sources:
        notices = dry.read(source.id, SAMPLES / source.id).notices
        assert any(attachments.wanted(source, notice) for notice in notices), source.id
    linked = Document(url="https://evil.example/a.pdf", title="Notified document")
    elsewhere = plain().model_copy(update={"documents": (linked,)})
    assert attachments.wanted(load("wto_eping_api"), elsewhere) == ""

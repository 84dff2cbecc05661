"""The text of one document, in a process of its own: `python -m crawlers.attachment_text TYPE` reads the body from standard
input and answers with one JSON object, `{"text": …}` or `{"fault": …}`.

The process gives itself its limits before it reads a byte, so that a document made to exhaust a reader ends here: address
space, processor seconds, characters of text. Nothing of Scrapy is imported: it starts in a third of a second.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
from collections.abc import Iterable, Iterator
from typing import Any

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
#: Characters of text that are kept; the subject of an act stands at its beginning.
TEXT_LIMIT = 200_000
#: Letters below which a PDF counts as pictures of pages.
LEAST_LETTERS = 30
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "li",
        "tr",
        "td",
        "th",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "br",
        "section",
        "article",
        "table",
        "title",
    ]
)
_LEFT_OUT = ("script", "style", "noscript", "nav", "header", "footer", "svg", "form")


class NoText(Exception):
    """The document gives no text. The message says why."""


def kind_of(body: bytes, content_type: str) -> str:
    """`pdf` or `html`, by the body's own beginning first. Raises NoText for anything else."""
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"%pdf-" in start:
        return "pdf"
    if start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<?xml") and b"<html" in start):
        return "html"
    if start.startswith(b"<") and "html" in content_type.lower():
        return "html"
    raise NoText(f"is neither PDF nor HTML ({content_type.partition(';')[0] or 'no type'}; begins {body[:20]!r})")


def text_of(body: bytes, content_type: str) -> str:
    """The running text, at most `TEXT_LIMIT` characters. Raises NoText."""
    text = _pdf(body) if kind_of(body, content_type) == "pdf" else _html(body, content_type)
    if sum(1 for c in text if c.isalpha()) < LEAST_LETTERS:
        raise NoText("holds no text (scanned pages?)")
    return text[:TEXT_LIMIT]


def _pdf(body: bytes) -> str:
    from pypdf import PdfReader  # only here: an HTML page need not wait for it
    from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(body), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise NoText("is encrypted")
        return _folded(page.extract_text() for page in reader.pages)
    except (DependencyError, FileNotDecryptedError) as error:
        raise NoText("is encrypted") from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, RecursionError) as error:
        # What pypdf raises for a file that is cut off or hostile is not of one family.
        raise NoText(f"is no readable PDF ({type(error).__name__}: {str(error)[:120]})") from error


def _html(body: bytes, content_type: str) -> str:
    from lxml import etree, html

    charset = re.search(r"charset=[\"']?([\w-]+)", content_type, re.IGNORECASE)
    try:
        parser = html.HTMLParser(encoding=charset[1] if charset else None, no_network=True)
        root = html.document_fromstring(body, parser=parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise NoText(f"is no readable HTML ({type(error).__name__}: {str(error)[:120]})") from error
    for element in list(root.iter(*_LEFT_OUT, etree.Comment)):
        if element.getparent() is not None:
            _drop(element)
    return _folded(_pieces(root))


def _drop(element: Any) -> None:
    """Take an element out, and leave the text behind it where it stood."""
    parent, before = element.getparent(), element.getprevious()
    if element.tail:
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)


def _pieces(root: Any) -> Iterator[str]:
    """The text of a page in pieces, a line end where a block ends."""
    from lxml import etree

    for event, element in etree.iterwalk(root, events=("start", "end")):
        block = isinstance(element.tag, str) and element.tag in _BLOCKS
        if event == "start":
            yield ("\n" if block else "") + (element.text or "")
        else:
            yield ("\n" if block else "") + (element.tail or "")


def _folded(pieces: Iterable[str]) -> str:
    """The pieces joined until there is enough, white space folded, empty lines and control characters out."""
    kept, size = [], 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size > 2 * TEXT_LIMIT:
            break
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", " ", "".join(kept))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    try:
        answer = {"text": text_of(sys.stdin.buffer.read(), sys.argv[1] if len(sys.argv) > 1 else "")}
    except NoText as fault:
        answer = {"fault": str(fault)}
    except MemoryError:
        answer = {"fault": f"needs more than {MEMORY_BYTES >> 20} MB"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()

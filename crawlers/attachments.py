"""The text of a notice's document, on request (`tradewarn crawl --attachments`): fetched politely, read within limits.

Links to documents are always kept. A source's `attachments:` says which document of which notices is worth its text: the
draft a WTO member notified, the Federal Register's PDF, the text of an act. The text goes behind the notice's own in
`Notice.text`; how long it is stands in `attached`, outside `hash` - whether it was asked for, or could be read that day,
is no fact of the notice. A document that cannot be read is a message, never a failed crawl.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request

from crawlers.attachment_text import CPU_SECONDS, NoText
from crawlers.notice import Notice
from crawlers.source import Source

if TYPE_CHECKING:
    from scrapy.core.engine import ExecutionEngine

__all__ = ["NoText", "attached", "extract", "fetch", "wanted"]

ROOT = Path(__file__).parent.parent
#: Of one document: bytes fetched, seconds to fetch it (retries included), seconds to read it.
BODY_BYTES, FETCH_SECONDS, READ_SECONDS = 8 << 20, 60.0, 30.0
#: Documents of one run; the rest keep their links.
PER_RUN = 200
BEFORE = "\n\n"


def wanted(source: Source, notice: Notice) -> str:
    """The address of the document whose text this notice is to have; "" for none."""
    rule = source.attachments
    if rule is None or notice.attached or (rule.stages and notice.stage not in rule.stages):
        return ""
    here = (d.url for d in notice.documents if d.title == rule.title and _of(d.url, rule.hosts))
    return next(here, "")


def _of(url: str, hosts: tuple[str, ...]) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in hosts)


def extract(body: bytes, content_type: str) -> str:
    """The text of a PDF or HTML document, read in a process with limits. Raises NoText saying why there is none."""
    command = [sys.executable, "-m", "crawlers.attachment_text", content_type]
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the type is a plain argument
            command, input=body, capture_output=True, timeout=READ_SECONDS, cwd=ROOT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoText(f"takes more than {READ_SECONDS:g} s to read") from error
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise NoText(f"takes more than {CPU_SECONDS} s to read")
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise NoText(f"ended its reader (exit {done.returncode})") from error
    if "fault" in answer:
        raise NoText(answer["fault"])
    return str(answer["text"])


async def fetch(engine: ExecutionEngine, source: Source, url: str) -> str:
    """Fetch a document like any page of the source - robots, delays, addresses, replay - and read it. Raises NoText."""
    headers = source.attachments.headers if source.attachments else {}
    meta = {"source": source, "conditional": False, "download_maxsize": BODY_BYTES}
    request = Request(url, headers=headers, meta=meta, dont_filter=True)
    try:
        response = await asyncio.wait_for(engine.download_async(request), FETCH_SECONDS)
    except TimeoutError as error:
        raise NoText(f"did not come within {FETCH_SECONDS:g} s") from error
    except Exception as error:  # what a server does never fails the crawl over an attachment
        raise NoText(f"cannot be fetched ({type(error).__name__}: {str(error)[:120]})") from error
    if response.status != 200:
        raise NoText(f"cannot be fetched (HTTP {response.status})")
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return await asyncio.to_thread(extract, response.body, content_type)


def attached(notice: Notice, text: str) -> Notice:
    """The notice with the document's text behind its own."""
    added = f"{BEFORE}{text}" if notice.text else text
    return notice.model_copy(update={"text": notice.text + added, "attached": len(added)})

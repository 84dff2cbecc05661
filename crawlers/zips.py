"""A member of a zipped body, read as text while it is unpacked: what a source offers as a whole data set fits no page."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TextIO

from crawlers.reading import Drift

#: Unpacked size above which an archive is a bomb, not a data set (NHTSA's recalls since 2010 unpack to about 250 MB).
LIMIT = 2 << 30


def member(body: bytes, name: str, encoding: str) -> TextIO:
    """The one member whose file name matches `name` (a regular expression, any case), decoded as it is read.

    Line ends are kept for `csv`. Raises Drift where the body is no zip, no or several members match, or one is too large.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
    except zipfile.BadZipFile as error:
        start = body[:40].decode("utf-8", "replace").strip()
        raise Drift(f"body is no zip archive ({error}); it begins {start!r}") from error
    found = [info for info in archive.infolist() if re.search(name, info.filename, re.IGNORECASE)]
    if len(found) != 1:
        raise Drift(f"the archive has {len(found)} members like {name}; it holds {archive.namelist()[:8]}")
    if found[0].file_size > LIMIT:
        raise Drift(f"{found[0].filename} unpacks to {found[0].file_size} bytes, more than {LIMIT}")
    return io.TextIOWrapper(archive.open(found[0]), encoding=encoding, newline="")

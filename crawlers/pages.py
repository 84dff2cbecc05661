"""One response read by its source's parser: the items, or a `Drift` for everything that says "not the format it was"."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator

import xlrd
from defusedxml.common import DefusedXmlException
from lxml import etree
from scrapy.exceptions import NotSupported
from scrapy.http import Response

from crawlers.reading import Drift, FieldError, Parsed, shorten

Parser = Callable[[Response], Iterable[Parsed] | None]

#: What libraries raise for a body that is cut off, of another type, encoded otherwise, or a bomb.
_UNREADABLE = (
    etree.LxmlError,
    ET.ParseError,
    DefusedXmlException,
    zipfile.BadZipFile,
    zlib.error,
    xlrd.XLRDError,
    csv.Error,
    UnicodeError,
    NotSupported,  # Scrapy: `.css` on a response that is no text
    EOFError,
)


def read(parser: Parser, response: Response) -> Iterator[Parsed]:
    """What `parser` yields for `response`.

    Raises Drift, also where a library says so in its own words, or where a field of the page itself (not of one
    record) cannot be read. Any other exception is a fault of ours and goes through.
    """
    if _cut_off(response.body):
        raise Drift("the page is cut off: its <body> is never closed")
    try:
        yield from parser(response) or ()
    except FieldError as error:
        raise Drift(str(error)) from error
    except _UNREADABLE as error:
        raise Drift(_unreadable(response, error)) from error
    except ValueError as error:
        if not str(error).startswith("Cannot use "):  # parsel: `.css` on JSON
            raise
        raise Drift(_unreadable(response, error)) from error


def _cut_off(body: bytes) -> bool:
    """An HTML page whose body begins and does not end. HTML parsers take it as whole, and half a field for the field."""
    if not body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return False
    text = body.lower()
    return b"<body" in text and b"</body" not in text and b"</html" not in text


def _unreadable(response: Response, error: Exception) -> str:
    start = response.body[:40].decode("utf-8", "replace").strip()
    return f"body cannot be read ({type(error).__name__}: {shorten(str(error))}); it begins {start!r}"


def good_status(response: Response) -> bool:
    """Whether the parser is to see this response: 2xx, or a status the request or the source says it reads."""
    wanted = response.meta.get("handle_httpstatus_list") or ()
    return 200 <= response.status < 300 or response.status in wanted

"""XML: the root of a document, the items of RSS 1.0 (RDF) and RSS 2.0, the text of an element."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from scrapy.http import Response

from crawlers.reading import Drift, clean

RSS1 = "{http://purl.org/rss/1.0/}"
DC = "{http://purl.org/dc/elements/1.1/}"


def root_of(response: Response, holds: str = "") -> ET.Element:
    """The root element. Raises Drift where the body is no XML, hostile, or holds no element `holds` (if given)."""
    try:
        root: ET.Element = fromstring(response.body)
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Drift(f"not the XML it was: {type(error).__name__}: {error}") from error
    if holds and root.find(f".//{holds}") is None:
        raise Drift(f"<{root.tag}> without <{holds}>")
    return root


def rss1_items(response: Response) -> list[ET.Element]:
    """The items of an RSS 1.0 feed; none is an empty feed. Raises Drift where it is another document."""
    root = root_of(response)
    items = root.findall(f"{RSS1}item")
    if not items and root.find(f"{RSS1}channel") is None:
        raise Drift(f"<{root.tag}> holds neither channel nor item of RSS 1.0")
    return items


def rss2_items(response: Response, fields: tuple[str, ...]) -> list[ET.Element]:
    """The items of an RSS 2.0 feed. Raises Drift where it is none, or where no item at all has one of `fields`."""
    channel = root_of(response).find("channel")
    if channel is None:
        raise Drift("no <channel>: this is no RSS feed")
    items = list(channel.iter("item"))
    gone = [name for name in fields if items and all(item.find(name) is None for item in items)]
    if gone:
        raise Drift(f"items lack {', '.join(gone)}")
    if not items and channel.find("title") is None:
        raise Drift("a channel without title and items")
    return items


def text_of(element: ET.Element, name: str) -> str:
    """The clean text of a child, its own children's included; "" where it is absent or nil."""
    child = element.find(name)
    return "" if child is None else clean("".join(child.itertext()))


def as_xml(element: ET.Element) -> str:
    """The element as it stood: the `raw` of a reject."""
    return ET.tostring(element, encoding="unicode")

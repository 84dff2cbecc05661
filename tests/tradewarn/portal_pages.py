"""What the tests of the portal share: the draft they look at, the clock, and a page as a tree."""

from __future__ import annotations

import datetime as dt
import re

from fastapi.testclient import TestClient
from lxml import html as lxml_html

DRAFT = "wto:G/TBT/N/EU/1201"
AS_OF = dt.datetime(2026, 11, 16, 6, tzinfo=dt.UTC)
CJK = re.compile(r"[\u3400-\u9fff]")


def tree(client: TestClient, url: str, status: int = 200) -> lxml_html.HtmlElement:
    response = client.get(url)
    assert response.status_code == status, (url, response.text[:300])
    assert response.headers["content-type"].startswith("text/html")
    return lxml_html.fromstring(response.text)


def text(element: lxml_html.HtmlElement) -> str:
    return " ".join(element.text_content().split())

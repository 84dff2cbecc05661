"""`python -m tradewarn.pictures`: the pictures of the README, taken of the sample week with the system's Chromium.

Needs the development extras (playwright, pillow) and Chromium; `make pictures` brings the environment.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from reports.period import week as parse_week
from tradewarn import editions, pipeline, schedule
from tradewarn.demo import WEEK
from tradewarn.portal.app import create
from tradewarn.settings import Settings
from tradewarn.workshop import Workshop

CHROMIUM = "/usr/bin/chromium"
SCALE = 1.5  # sharp enough on a dense screen, small enough for a README
MOST_BYTES = 300_000
#: Fewer colours until the picture fits: text on plain ground keeps its looks with few. Chosen by coverage, not by number
#: of pixels: the red of a level is some dots of a whole page, and must stay red.
PALETTES = (256, 128, 64, 32)
BEGIN_SECONDS = 30


@dataclass(frozen=True)
class Picture:
    name: str
    address: str  # a path of the portal, or of a bulletin in the folder they were written to
    width: int
    height: int


PICTURES = (
    Picture("portal-search", "/zh/?q=锂电池", 1200, 900),
    Picture("portal-alert", "/zh/alerts/wto:G/TBT/N/EU/1188/Add.2", 1200, 1150),
    Picture("bulletin", f"{WEEK}-jiangcheng-power-zh.html", 860, 1800),
)


@contextmanager
def served(shop: Workshop) -> Iterator[str]:
    """The portal on a free port of loopback; gives its address. Raises RuntimeError where it does not begin."""
    server = uvicorn.Server(uvicorn.Config(create(shop), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(BEGIN_SECONDS * 20):
        if server.started or not thread.is_alive():
            break
        thread.join(0.05)
    if not server.started:
        raise RuntimeError("the portal did not begin")
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(BEGIN_SECONDS)


def small(png: bytes) -> bytes:
    """The picture with as many colours as fit into `MOST_BYTES`. Raises RuntimeError where none does."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as opened:
        image = opened.convert("RGB")
    for colours in PALETTES:
        out = io.BytesIO()
        image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise RuntimeError(f"the picture does not fit into {MOST_BYTES} bytes")


def take(shop: Workshop, bulletins: Path, out: Path) -> list[Path]:
    """Every picture of `PICTURES`, written to `out`."""
    from playwright.sync_api import sync_playwright

    out.mkdir(parents=True, exist_ok=True)
    paths = []
    with served(shop) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for picture in PICTURES:
            page = browser.new_page(
                viewport={"width": picture.width, "height": picture.height}, device_scale_factor=SCALE
            )
            portal = picture.address.startswith("/")
            page.goto(address + picture.address if portal else (bulletins / picture.address).resolve().as_uri())
            path = out / f"{picture.name}.png"
            path.write_bytes(small(page.screenshot()))
            paths.append(path)
            page.close()
        browser.close()
    return paths


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".tradewarn/demo"), help="the demo's home, if it ran")
    parser.add_argument("--week", type=Path, default=Path("tests/samples/week"))
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    options = parser.parse_args()
    settings = Settings(home=options.home, subscriptions=options.week / "subscriptions.yml")
    shop = Workshop(settings, replay=options.week)
    try:
        steps = pipeline.run(shop, schedule.default_ids(options.week))
        if any(step.exit for step in steps):
            print("the sample week did not run: try `make demo SERVE=0`", file=sys.stderr)
            return 1
        with tempfile.TemporaryDirectory() as folder:
            for _ in editions.write(editions.bulletins(shop, parse_week(WEEK)), Path(folder)):
                pass
            for path in take(shop, Path(folder), options.out):
                print(f"{path}: {path.stat().st_size:,} bytes")
    finally:
        shop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

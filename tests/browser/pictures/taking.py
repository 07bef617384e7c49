"""How each picture of the README is taken: which page, what is pressed, and the text that can be read in it.

.venv/bin/python -m tests.browser.pictures.taking      takes them anew; needs the Python package `pillow`
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SIZE: Any = {"width": 1280, "height": 800}
COLOURS = 96
MOST_BYTES = 150_000
_SEEN = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(walk.currentNode);
    const box = range.getBoundingClientRect();
    const text = walk.currentNode.textContent.trim().replace(/\\s+/g, " ");
    if (text && box.width > 1 && box.height > 1 && box.top < innerHeight && box.bottom > 0) found.push(text);
  }
  return found.join("\\n");
}"""


def _red_sign(page: Any) -> None:
    page.goto("/cases/V03")


def _failed(page: Any) -> None:
    page.goto("/cases/V10")


def _learner(page: Any) -> None:
    page.goto("/learn")
    page.locator("button[name=case][value='T02/1']").first.click()
    page.wait_for_url("**/learn/question")


PICTURES: dict[str, Callable[[Any], None]] = {
    "red-sign": _red_sign,
    "medicine-and-therapy-failed": _failed,
    "learner": _learner,
}


def seen(page: Any) -> str:
    """Return the text in the part of the page that the picture shows, a line for each piece."""
    return str(page.evaluate(_SEEN)) + "\n"


def smaller(png: bytes) -> bytes:
    """Return *png* with few colours: text on plain ground loses nothing by it."""
    from PIL import Image

    found = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    reduced = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced.save(found, "PNG", optimize=True)
    return found.getvalue()


def take_all() -> None:
    """Serve the application on loopback, take every picture, and write it with its text."""
    from playwright.sync_api import sync_playwright

    from api.app import create_app
    from api.settings import ServiceSettings
    from tests.browser.conftest import CHROMIUM, FLAGS
    from tests.serving import in_a_thread

    with in_a_thread(create_app(ServiceSettings())) as port, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, go in PICTURES.items():
            page = browser.new_context(
                base_url=f"http://127.0.0.1:{port}", viewport=SIZE
            ).new_page()
            go(page)
            (FOLDER / f"{name}.png").write_bytes(smaller(page.screenshot()))
            (FOLDER / f"{name}.txt").write_text(seen(page), encoding="utf-8")
        browser.close()


if __name__ == "__main__":
    take_all()

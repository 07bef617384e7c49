"""A real browser on the real page: Debian's Chromium, driven by Playwright, against a server of our own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.app import create_app
from api.settings import ServiceSettings
from tests.serving import in_a_thread

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Serve the application on loopback for as long as the tests run."""
    with in_a_thread(create_app(ServiceSettings()), access_log=False, log_level="warning") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser for one module: while the driver is there, nothing else in the process can run an event loop."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="the Python package `playwright` is not installed"
    )
    if CHROMIUM is None:
        pytest.skip("no browser: install the Debian package `chromium`")
    with api.sync_playwright() as player:
        found = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open a page of the service; a foreign request, a script error or a broken policy fails the test."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def refuse(dialog: Any) -> None:
        wrong.append("a dialog opened")
        dialog.dismiss()

    def open_at(path: str = "/", **options: Any) -> Any:
        width = options.pop("width", 1280)
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 900}, **options
        )
        context.set_default_timeout(8_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
        page.on("console", lambda m: wrong.append(m.text) if "Content Security" in m.text else None)
        page.on("dialog", refuse)
        page.on(
            "request",
            lambda request: None if request.url.startswith(address) else wrong.append(request.url),
        )
        page.goto(path)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the accessibility checker as a script."""
    package = pytest.importorskip(
        "axe_playwright_python", reason="the Python package `axe-playwright-python` is missing"
    )
    from importlib import resources

    return resources.files(package).joinpath("axe.min.js").read_text(encoding="utf-8")

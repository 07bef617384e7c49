"""The pictures in the README show the page as it is: text by text, for pixels differ from machine to machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.pictures.taking import FOLDER, MOST_BYTES, PICTURES, SIZE, seen

pytestmark = pytest.mark.slow
ANEW = "take them anew: .venv/bin/python -m tests.browser.pictures.taking"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_what_the_page_says_now(name: str, open_page: Callable[..., Any]) -> None:
    page = open_page("/cases")
    page.set_viewport_size(SIZE)
    PICTURES[name](page)
    assert seen(page) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), ANEW


def test_there_are_at_most_three_pictures_and_none_is_heavy() -> None:
    found = sorted(FOLDER.glob("*.png"))
    assert [each.stem for each in found] == sorted(PICTURES)
    assert len(found) <= 3
    assert [each.name for each in found if each.stat().st_size > MOST_BYTES] == []

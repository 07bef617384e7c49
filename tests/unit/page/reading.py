"""What a person can read on a page: its text, without markup, scripts and templates."""

from __future__ import annotations

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style", "template", "textarea")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style", "template", "textarea")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(data)


def plain_text(text: str) -> str:
    """Return *text* in lower case with single blanks."""
    return " ".join(text.split()).casefold()


def page_text(html: str) -> str:
    """Return what can be read on the page, in lower case with single blanks."""
    reader = _Reader()
    reader.feed(html)
    return plain_text(" ".join(reader.pieces))


def part_of(html: str, start: str, end: str) -> str:
    """Return *html* from the first *start* up to the next *end*."""
    begin = html.index(start)
    return html[begin : html.index(end, begin)]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def foreign_markup(html: str) -> list[str]:
    """Return every tag a browser would run, load or submit elsewhere, and every handler and foreign address."""
    reader = _Tags()
    reader.feed(html)
    wrong = []
    for tag, attributes in reader.found:
        if tag in ("img", "iframe", "object", "embed", "base", "style", "video", "math"):
            wrong.append(tag)
        wrong += [
            f"{tag} {name}" for name in attributes if name.startswith("on") or name == "style"
        ]
        for name in ("src", "href", "action", "formaction"):
            if not (attributes.get(name) or "/").startswith(("/", "#")):
                wrong.append(f"{tag} {name}={attributes[name]}")
        if tag == "script" and not (attributes.get("src") or "").startswith("/static/"):
            wrong.append(tag)
    return wrong

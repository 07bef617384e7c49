"""The plots of a report as inline SVG: bars, stacked bars and the flow between two runs, readable without colour."""

from __future__ import annotations

import io
import re
import textwrap
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib

matplotlib.use("svg")

from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

INK, PAPER, LINE = "#1b1b1b", "#ffffff", "#6b6b6b"
BAR, ALARM = "#1f5f8b", "#a3262a"
FILLS = (
    "#14507a", "#7fb2d6", "#f0c24b", "#fbe8b5", "#d9d9d9", "#8a1c20", "#d98a6a", "#5b5b5b", "#3f8f5f", "#f4f4f4",
)  # fmt: skip
"""Neighbours differ in lightness, so that they can be told apart in grey; every segment has a border besides."""
_WIDTH = 8.6
_LEAST = 0.03
"""The share of the height that even the smallest state gets, so that labels stay apart."""
_RC: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "steppedcare",
    "font.family": "DejaVu Sans",
    "font.size": 10,
}


def bars(title: str, rows: Sequence[tuple[str, int]], alarm: Sequence[str] = ()) -> str:
    """Draw one bar for each of *rows*; those named in *alarm* are red. *title* is the text alternative."""
    with matplotlib.rc_context(_RC):
        figure, axes = _figure(0.36 * max(1, len(rows)) + 0.5)
        names = [_wrapped(name) for name, _ in rows][::-1]
        values = [value for _, value in rows][::-1]
        colours = [ALARM if name in alarm else BAR for name, _ in reversed(rows)]
        drawn = axes.barh(range(len(rows)), values, color=colours, height=0.7)
        axes.set_yticks(range(len(rows)), names)
        axes.bar_label(
            drawn, [f"{value:,}".replace(",", "\u202f") for value in values], padding=4, color=INK
        )
        axes.margins(x=0.14, y=0.02)
        _plain(axes)
        return _svg(figure, title)


def stacked(title: str, rows: Mapping[str, Mapping[str, int]], parts: Mapping[str, str]) -> str:
    """Draw one bar of shares for each of *rows*; *parts* gives the segments their order and names."""
    with matplotlib.rc_context(_RC):
        figure, axes = _figure(0.42 * len(rows) + 1.25)
        names = list(rows)[::-1]
        start = [0.0] * len(names)
        for (part, label), fill in zip(parts.items(), FILLS, strict=False):
            shares = [
                100 * rows[name].get(part, 0) / (sum(rows[name].values()) or 1) for name in names
            ]
            drawn = axes.barh(
                range(len(names)),
                shares,
                left=start,
                color=fill,
                edgecolor=INK,
                linewidth=0.6,
                height=0.74,
                label=label,
            )
            dark = _is_dark(fill)
            words = [f"{share:.0f}" if share >= 4 else "" for share in shares]
            axes.bar_label(
                drawn, words, label_type="center", color=PAPER if dark else INK, fontsize=9
            )
            start = [a + b for a, b in zip(start, shares, strict=True)]
        axes.set_yticks(range(len(names)), [_wrapped(name) for name in names])
        axes.set_xlim(0, 100)
        axes.set_xlabel("percent of patients")
        _plain(axes, keep_x=True)
        figure.legend(loc="outside upper center", ncols=5, frameon=False, fontsize=9)
        return _svg(figure, title)


def flow(title: str, ways: Mapping[tuple[str, str], int], states: Mapping[str, str]) -> str:
    """Draw where patients went from their state then (left) to their state now (right)."""
    total = sum(ways.values()) or 1
    gap = 0.03
    sides = []
    for at in (0, 1):
        sizes = {s: sum(n for way, n in ways.items() if way[at] == s) / total for s in states}
        places: dict[str, list[float]] = {}
        top = 1.0 + gap * 3
        for state in states:
            if sizes[state]:
                places[state] = [top, sizes[state]]
                top -= max(sizes[state], _LEAST) + gap
        sides.append(places)
    with matplotlib.rc_context(_RC):
        figure, axes = _figure(5.2)
        used = [dict.fromkeys(side, 0.0) for side in sides]
        order = list(states)
        for (was, now), number in sorted(
            ways.items(), key=lambda w: (order.index(w[0][0]), order.index(w[0][1]))
        ):
            share = number / total
            left = sides[0][was][0] - used[0][was]
            right = sides[1][now][0] - used[1][now]
            used[0][was] += share
            used[1][now] += share
            colour = LINE if was == now else ALARM if now == "red-sign" else BAR
            axes.add_patch(
                PathPatch(
                    _band(left, right, share),
                    facecolor=colour,
                    alpha=0.28 if was == now else 0.6,
                    linewidth=0,
                )
            )
        for at, side in enumerate(sides):
            x, align = ((0.0, "right"), (1.0, "left"))[at]
            for state, (top, size) in side.items():
                axes.plot([x, x], [top, top - size], color=INK, linewidth=5, solid_capstyle="butt")
                axes.text(
                    x + (0.025 if at else -0.025),
                    top - size / 2,
                    f"{states[state]}, {100 * size:.1f} %",
                    ha=align,
                    va="center",
                    fontsize=9,
                    color=INK,
                )
        axes.set_xlim(-0.75, 1.75)
        lows = [top - max(size, _LEAST) for side in sides for top, size in side.values()] or [0.0]
        axes.set_ylim(min(lows) - 0.03, 1.0 + gap * 3 + 0.08)
        axes.text(0, 1.0 + gap * 3 + 0.04, "before", ha="center", weight="bold")
        axes.text(1, 1.0 + gap * 3 + 0.04, "now", ha="center", weight="bold")
        axes.axis("off")
        return _svg(figure, title)


def _wrapped(label: str) -> str:
    """Return *label* in two lines; the table below has what no longer fits."""
    return "\n".join(textwrap.wrap(label, 44, max_lines=2, placeholder=" …"))


def _band(left: float, right: float, size: float) -> Path:
    points = [
        (0.01, left),
        (0.5, left),
        (0.5, right),
        (0.99, right),
        (0.99, right - size),
        (0.5, right - size),
        (0.5, left - size),
        (0.01, left - size),
        (0.01, left),
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return Path(points, codes)


def _figure(height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained", facecolor=PAPER)
    return figure, figure.subplots()


def _plain(axes: Any, *, keep_x: bool = False) -> None:
    axes.tick_params(length=0, colors=INK)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(LINE)
    if not keep_x:
        axes.set_xticks([])


def _is_dark(colour: str) -> bool:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 125


def _svg(figure: Figure, title: str) -> str:
    """Return the figure as one `svg` element that screen readers name by *title*; scales with the page."""
    to = io.StringIO()
    figure.savefig(to, format="svg", metadata={"Date": None, "Creator": None})
    text = to.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Several plots stand in one page: their inner names must not meet.
    mark = f"p{zlib.crc32(title.encode()):x}"
    text = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', text)
    text = re.sub(r'(xlink:href|href)="#([^"]+)"', rf'\1="#{mark}-\2"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{mark}-\1)", text)
    head = f'<svg role="img" aria-label="{_escaped(title)}" '
    text = re.sub(r'\s(width|height)="[0-9.]+pt"', "", text, count=2)
    return text.replace("<svg ", head, 1)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")

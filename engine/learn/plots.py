"""Plots as plain SVG: every one a text that stands in a page or in a file of its own, with no style from outside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_INK, _FAINT, _BLUE, _RED = "#222", "#ccc", "#2563eb", "#c2410c"
_FONT = 'font-family="system-ui, sans-serif"'


@dataclass(frozen=True, slots=True)
class _Panel:
    """A square plot whose inside begins at (`left`, `top`) and is `side` wide and high, in pixels.

    `x` and `y` are what the axes reach to; both begin at 0.
    """

    left: float
    top: float
    side: float
    x: float = 1.0
    y: float = 1.0

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a value; values beyond an axis lie on its end."""
        right, up = min(x / self.x, 1) * self.side, min(y / self.y, 1) * self.side
        return round(self.left + right, 1), round(self.top + self.side - up, 1)

    def frame(self, title: str, across: str, up: str, percent: bool) -> Iterator[str]:
        """Yield the frame, its title, the names of its axes, and ticks at quarters."""
        yield (
            f'<rect x="{self.left}" y="{self.top}" width="{self.side}" height="{self.side}" fill="none" stroke="{_FAINT}"/>'
        )
        yield _text(self.left + self.side / 2, self.top - 8, title, weight="bold")
        yield _text(self.left + self.side / 2, self.top + self.side + 30, across)
        yield _text(self.left - 44, self.top + self.side / 2, up, turned=True)
        for quarter in range(0, 5, 2):
            x, y = self.x * quarter / 4, self.y * quarter / 4
            yield _text(self.at(x, 0)[0], self.top + self.side + 14, _tick(x, percent))
            yield _text(self.left - 6, self.at(0, y)[1] + 4, _tick(y, percent), anchor="end")

    def line(self, points: Sequence[tuple[float, float]], colour: str, dashed: bool = False) -> str:
        """Return a line through the points."""
        path = " ".join("{},{}".format(*self.at(*point)) for point in points)
        dash = ' stroke-dasharray="3 3"' if dashed else ""
        return f'<polyline points="{path}" fill="none" stroke="{colour}"{dash}/>'

    def dot(self, x: float, y: float, radius: float, colour: str, label: str) -> str:
        """Return a dot that tells `label` when pointed at."""
        across, down = self.at(x, y)
        return f'<circle cx="{across}" cy="{down}" r="{radius}" fill="{colour}"><title>{escape(label)}</title></circle>'


def reliability(calibration: dict[str, Any]) -> str:
    """Return a plot an intent: how often what got a score is true. On the dashed line scores mean what they say."""
    parts: list[str] = []
    for number, row in enumerate(calibration["intents"]):
        panel = _Panel(60 + number % 5 * 215, 40 + number // 5 * 220, 150)
        parts += panel.frame(f"{row['intent']}: {row['ece']:.3f}", "score", "share true", False)
        parts.append(panel.line([(0, 0), (1, 1)], _FAINT, dashed=True))
        parts.append(panel.line([(one["score"], one["share"]) for one in row["bins"]], _BLUE))
        for one in row["bins"]:
            label = f"{one['count']} messages: score {one['score']:.3f}, true {one['share']:.3f}"
            radius = 2 + min(one["count"], 400) ** 0.5 / 5
            parts.append(panel.dot(one["score"], one["share"], radius, _BLUE, label))
    return _svg(1110, 470, "Reliability of every intent's score, with its expected calibration error", parts)


def tradeoff(curve: dict[str, Any]) -> str:
    """Return what critical mail costs: by where the band begins, and by how sure a solicitation beside it must be."""
    parts: list[str] = []
    views = (
        ("band", "uncertain", "where the band of critical intents begins"),
        ("beside_critical", "prohibited_delivered", "limit of a solicitation beside a critical request"),
    )
    every = [*curve["band"], *curve["beside_critical"], curve["now"]]
    top = _reach(every, "critical_stopped")
    for number, (name, across, title) in enumerate(views):
        panel = _Panel(70 + number * 400, 40, 300, _reach(every, across), top)
        parts += panel.frame(title, f"{across.replace('_', ' ')} (share)", "critical stopped (share)", True)
        points = [(point[across] or 0, point["critical_stopped"] or 0) for point in curve[name]]
        parts.append(panel.line(points, _BLUE))
        for point, place in zip(curve[name], points, strict=True):
            parts.append(panel.dot(*place, 4, _BLUE, _told(f"from {point['at']}", point)))
        now = curve["now"]
        place = (now[across] or 0, now["critical_stopped"] or 0)
        parts.append(panel.dot(*place, 6, _RED, _told("as the rules say now", now)))
    return _svg(800, 390, "Critical messages stopped against what is left undecided or delivered", parts)


def intervals(rows: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Return named figures between 0 and 1 as dots with their intervals."""
    parts: list[str] = []
    for number, (name, row) in enumerate(rows):
        y = 20 + number * 22
        x, low, high = (200 + 500 * (row[key] or 0) for key in ("value", "low", "high"))
        parts.append(_text(190, y + 4, name, anchor="end"))
        parts.append(f'<line x1="200" x2="700" y1="{y}" y2="{y}" stroke="{_FAINT}"/>')
        parts.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{_BLUE}" stroke-width="3"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{_BLUE}"/>')
        parts.append(_text(712, y + 4, "-" if row["value"] is None else f"{row['value']:.3f}", anchor="start"))
    return _svg(760, 20 + 22 * len(rows), "Macro-F1 of every group, with its 95 % interval", parts)


def _tick(value: float, percent: bool) -> str:
    return f"{value * 100:.3g} %" if percent else f"{value:.3g}"


def _reach(points: Sequence[dict[str, Any]], name: str) -> float:
    """Return where an axis ends: a whole percent, beyond the largest value."""
    return (math.floor(100 * max(point[name] or 0 for point in points)) + 1) / 100


def _told(what: str, point: dict[str, Any]) -> str:
    names = ("critical_stopped", "prohibited_delivered", "uncertain")
    return f"{what}: " + ", ".join(f"{name.replace('_', ' ')} {point[name] or 0:.1%}" for name in names)


def _text(
    x: float, y: float, text: str, *, anchor: str = "middle", weight: str = "normal", turned: bool = False
) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{_INK}"{turn}>'
        f"{escape(text)}</text>"
    )


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
            f'{_FONT} font-size="11">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )

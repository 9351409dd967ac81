"""The drawing beside the tables: each row's ratio to nginx. Writes SVG, for light and for dark pages. Pure.

The scale is logarithmic, where the length of a bar would say nothing; so each row is a dot on a stem that begins at 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log10

WIDTH, LABEL, RIGHT = 900, 400, 84
STEP, TOP, GAP = 24, 64, 34
PLOT = WIDTH - LABEL - RIGHT

FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

STYLE = """\
    .page { fill: #ffffff }
    .title { fill: #1f2328; font-size: 17px; font-weight: 600 }
    .group { fill: #1f2328; font-size: 13px; font-weight: 600 }
    .name, .value { fill: #1f2328; font-size: 12.5px }
    .tick { fill: #57606a; font-size: 11.5px }
    .grid { stroke: #d1d9e0; stroke-width: 1 }
    .one { stroke: #57606a; stroke-width: 1.5 }
    .theirs { fill: #8c959f; stroke: #8c959f } .ours { fill: #0969da; stroke: #0969da }
    line.theirs, line.ours { stroke-width: 3 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 }
      .title, .group, .name, .value { fill: #f0f6fc }
      .tick { fill: #9198a1 } .grid { stroke: #30363d } .one { stroke: #9198a1 }
      .theirs { fill: #6e7681; stroke: #6e7681 } .ours { fill: #4493f8; stroke: #4493f8 }
    }"""


@dataclass(frozen=True, slots=True)
class Dot:
    """One row: `ours` is the gateway, in its own colour."""

    name: str
    ratio: float
    ours: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a heading."""

    title: str
    dots: tuple[Dot, ...]


def drawing(title: str, groups: Sequence[Group]) -> str:
    """The SVG. The scale is logarithmic: what costs twice as much is longer by the same piece everywhere."""
    ratios = [dot.ratio for group in groups for dot in group.dots]
    low, high = _bounds(ratios)
    height = TOP + sum(GAP + STEP * len(group.dots) for group in groups) + 16
    body = [*_grid(low, high, height)]
    y = TOP
    for group in groups:
        body.append(_text(16, y + 22, "group", group.title))
        y += GAP + STEP // 2
        for dot in group.dots:
            body += _dot(dot, y, low, high)
            y += STEP
        y -= STEP // 2
    described = "; ".join(f"{dot.name}: {dot.ratio:.2f}" for group in groups for dot in group.dots)
    box = f'viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="{FONTS}">',
            f'  <title id="t">{escape(title)}</title>',
            f'  <desc id="d">{escape(described)}</desc>',
            f"  <style>\n{STYLE}\n  </style>",
            f'  <rect class="page" width="{WIDTH}" height="{height}" rx="12"/>',
            _text(16, 30, "title", title),
            *body,
            "</svg>\n",
        )
    )


def _bounds(ratios: Sequence[float]) -> tuple[float, float]:
    """A scale around 1 and around all of them, to full ticks."""
    ticks = _ticks()
    low = max(tick for tick in ticks if tick <= min(*ratios, 1.0))
    high = min(tick for tick in ticks if tick >= max(*ratios, 2.0))
    return low, high


def _ticks() -> list[float]:
    return [factor * 10.0**power for power in range(-3, 6) for factor in (1, 2, 5)]


def _grid(low: float, high: float, height: int) -> list[str]:
    shown = [tick for tick in _ticks() if low <= tick <= high]
    if len(shown) > 8:
        shown = [tick for tick in shown if _is_power(tick) or tick in {low, high}]
    lines = []
    for tick in shown:
        x, kind = _x(tick, low, high), "one" if tick == 1 else "grid"
        lines.append(f'  <line class="{kind}" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{height - 14}"/>')
        lines.append(_text(x, TOP - 8, "tick", f"{tick:,g} x", anchor="middle"))
    return lines


def _is_power(tick: float) -> bool:
    return abs(log10(tick) - round(log10(tick))) < 1e-9


def _dot(dot: Dot, y: int, low: float, high: float) -> list[str]:
    begin, end, kind = _x(1.0, low, high), _x(dot.ratio, low, high), "ours" if dot.ours else "theirs"
    return [
        _text(LABEL - 12, y + 4, "name", dot.name, anchor="end"),
        f'  <line class="{kind}" x1="{begin:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}"/>',
        f'  <circle class="{kind}" cx="{end:.1f}" cy="{y}" r="5"/>',
        _text(max(begin, end) + 10, y + 4, "value", _ratio(dot.ratio)),
    ]


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f} x" if ratio < 10 else f"{ratio:,.0f} x"


def _x(ratio: float, low: float, high: float) -> float:
    return LABEL + PLOT * (log10(ratio) - log10(low)) / (log10(high) - log10(low))


def _text(x: float, y: float, kind: str, words: str, anchor: str = "start") -> str:
    return f'  <text class="{kind}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'

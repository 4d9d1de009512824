"""Curves of `troupe bench ner --sweep`: tokens per core-second against sentence length, threads and batch, as a table and as SVG."""

import dataclasses
import math
import re
from xml.sax.saxutils import escape

from bench_svg import TEXT, line, number, text
from bench_tables import table

SWEEPS = {"lengths": ("sentence length, tokens", ".per_core_second", "tokens per core-second"),
          "threads": ("threads", "", "tokens per second"),
          "batch": ("tokens per batch, at most", ".per_core_second", "tokens per core-second")}
COLORS = ("#2a6fbb", "#c0392b", "#3a8f4d", "#8e5ea2", "#b8860b")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 800, 300, 80, 110, 40, 44


@dataclasses.dataclass
class Point:
    x: float
    y: float
    low: float
    high: float


def is_sweep(figure: dict) -> bool:
    return figure["name"].startswith("sweep.")


def precision_of(figure: dict) -> str:
    return figure["settings"]["engine"].rsplit(", ", 1)[1]


def series(figures: list[dict], sweep: str) -> dict:
    """Precision -> its points by rising value."""
    _, suffix, _ = SWEEPS[sweep]
    pattern = re.compile(rf"sweep\.{sweep}\.(\d+){re.escape(suffix)}")
    found = {}
    for figure in figures:
        if match := pattern.fullmatch(figure["name"]):
            point = Point(int(match[1]), figure["value"], figure["min"], figure["max"])
            found.setdefault(precision_of(figure), []).append(point)
    return {name: sorted(points, key=lambda point: point.x) for name, points in found.items()}


def draw(title: str, axis: str, curves: dict, top: float) -> list[str]:
    """One chart; x is logarithmic, y begins at zero. Whiskers from minimum to maximum."""
    points = [point for each in curves.values() for point in each]
    values = sorted({point.x for point in points})
    least, most = math.log(values[0]), math.log(values[-1])
    highest = max(point.high for point in points)
    right, bottom = WIDTH - RIGHT, top + HEIGHT - BOTTOM

    def at(point_x: float, point_y: float) -> tuple:
        part = (math.log(point_x) - least) / (most - least) if most > least else 0.5
        return LEFT + part * (right - LEFT), bottom - point_y / highest * (bottom - top - TOP)

    out = [text(8, top + 22, title, extra=' font-weight="bold"'), line(LEFT, bottom, right, bottom, TEXT), line(LEFT, top + TOP, LEFT, bottom, TEXT),
           text((LEFT + right) / 2, bottom + 36, axis, "middle")]
    for value in values:
        out.append(text(at(value, 0)[0], bottom + 16, number(value), "middle"))
    for part in (0.25, 0.5, 0.75, 1):
        y = at(values[0], highest * part)[1]
        out += [line(LEFT, y, right, y, "#dddddd"), text(LEFT - 6, y + 4, number(highest * part), "end")]
    for color, (name, each) in zip(COLORS, curves.items()):
        places = [at(point.x, point.y) for point in each]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        for point, (x, y) in zip(each, places):
            out += [line(x, at(point.x, point.low)[1], x, at(point.x, point.high)[1], color),
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>']
        out.append(f'<text x="{places[-1][0] + 8:.1f}" y="{places[-1][1] + 4:.1f}" fill="{color}">{escape(name)}</text>')
    return out


def curves_svg(figures: list[dict]) -> str | None:
    body, top = [], 0
    for sweep, (axis, _, unit) in SWEEPS.items():
        curves = series(figures, sweep)
        if curves:
            body += draw(f"Text to entities: {unit}", axis, curves, top)
            top += HEIGHT
    if not body:
        return None
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
                      ' font-family="sans-serif" font-size="12">', f'<rect width="{WIDTH}" height="{top}" fill="white"/>', *body, "</svg>", ""])


def curve_section(figures: list[dict], picture: str) -> list[str]:
    lines = []
    for sweep, (axis, _, unit) in SWEEPS.items():
        curves = series(figures, sweep)
        if not curves:
            continue
        values = sorted({point.x for each in curves.values() for point in each})
        cells = [[number(value), *(next((number(p.y) for p in each if p.x == value), "") for each in curves.values())] for value in values]
        lines += [f"{unit.capitalize()} against {axis}:", "", *table([axis, *curves], cells, set(range(1 + len(curves))))]
    if not lines:
        return []
    return ["### Curves (`troupe bench ner --sweep`)", "", *lines, f"![Curves]({picture})", ""]

"""Bar charts as SVG, with nothing but the standard library: panels of horizontal bars, each with a whisker from minimum to
maximum and, where there is one, a dashed line at the goal."""

import dataclasses
from xml.sax.saxutils import escape

OURS, FLOOR, GOAL, TEXT = "#2a6fbb", "#b0b0b0", "#c0392b", "#222222"
WIDTH, LABELS, VALUES, BAR, GAP, HEAD = 800, 150, 250, 20, 8, 40


@dataclasses.dataclass
class Bar:
    label: str
    value: float
    low: float
    high: float
    ours: bool = True


@dataclasses.dataclass
class Panel:
    title: str
    bars: list
    goal: float | None = None

    def height(self) -> int:
        return HEAD + len(self.bars) * (BAR + GAP) + GAP


def number(value: float) -> str:
    """Four significant digits, thousands grouped."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def text(x: float, y: float, shown: str, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{TEXT}"{extra}>{escape(shown)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, color: str, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="1.5"{dashes}/>'


def draw_bar(bar: Bar, y: float, scale: float) -> list[str]:
    middle, end = y + BAR / 2, LABELS + bar.value * scale
    shown = number(bar.value)
    if bar.low < bar.high:
        shown += f" ({number(bar.low)} – {number(bar.high)})"
    return [
        text(LABELS - 8, middle + 4, bar.label, "end"),
        f'<rect x="{LABELS}" y="{y}" width="{max(1, bar.value * scale):.1f}" height="{BAR}" fill="{OURS if bar.ours else FLOOR}"/>',
        line(LABELS + bar.low * scale, middle, LABELS + bar.high * scale, middle, TEXT),
        text(max(end, LABELS + bar.high * scale) + 6, middle + 4, shown),
    ]


def draw_panel(panel: Panel, top: float) -> list[str]:
    longest = max([bar.high for bar in panel.bars] + [panel.goal or 0])
    scale = (WIDTH - LABELS - VALUES) / longest if longest > 0 else 0
    out = [text(8, top + 22, panel.title, extra=' font-weight="bold"')]
    y = top + HEAD
    for bar in panel.bars:
        out += draw_bar(bar, y, scale)
        y += BAR + GAP
    if panel.goal is not None:
        x = LABELS + panel.goal * scale
        out += [line(x, top + HEAD - 6, x, y, GOAL, "4 3"), text(x, top + HEAD - 9, f"goal {number(panel.goal)}", "middle")]
    return out


def chart(panels: list[Panel]) -> str:
    """All panels below each other, as one SVG document."""
    body, top = [], 0
    for panel in panels:
        body += draw_panel(panel, top)
        top += panel.height()
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
         ' font-family="sans-serif" font-size="12">',
         f'<rect width="{WIDTH}" height="{top}" fill="white"/>', *body, "</svg>", ""])

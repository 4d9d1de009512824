"""Markdown tables, and figures in words: what all parts of the page share."""

import json
import pathlib

from bench_svg import number


def read_lines(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def row(*cells) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def table(header: list[str], rows: list[list], right: set = frozenset()) -> list[str]:
    ruler = "|" + "|".join("--:" if i in right else "---" for i in range(len(header))) + "|"
    return [row(*header), ruler, *(row(*cells) for cells in rows), ""]


def spread(figure: dict) -> str:
    return f"{number(figure['min'])} – {number(figure['max'])}"


def verdict(goal: str, value: float) -> str:
    side, bound = goal.split()
    kept = value <= float(bound) if side == "<=" else value >= float(bound)
    return "met" if kept else "**missed**"

#!/usr/bin/env python3
"""Turns figures into docs/benchmarks.md: the tables between its two markers, and the plots beside it.

bench_report.py --figures FILE [--races FILE...] --page FILE: figures as `troupe bench NAME --json` prints them, races as
`tools/bench peers` keeps them.
"""

import argparse
import pathlib
import sys

from bench_curves import curve_section, curves_svg, is_sweep
from bench_race import Race, race_goals, race_panels, race_sections, read_race
from bench_svg import Bar, Panel, chart, number
from bench_tables import read_lines, spread, table, verdict
from bench_tokenizers import Tokenizers, tokenizer_goals, tokenizer_section

BEGIN, END = "<!-- figures: written by tools/bench, do not edit -->", "<!-- end of figures -->"
TITLES = {
    "agents": "Agents", "tokenizer": "Tokenizer", "ner": "Text to entities", "kernels": "Kernels of the engine", "durable": "Durable history",
    "redact": "Redaction", "remote": "Between nodes", "runs": "Many runs", "scheduling": "Scheduling", "workflows": "Workflows",
}
FLOORS = {"bare_caf": "bare CAF", "bare_grpc": "bare gRPC", "bare_sqlite": "bare SQLite"}
# What stands behind the figures that have a goal.
GOALS = {
    ("agents", "request.p50"): "request agent to agent, p50",
    ("agents", "request.p50.ratio"): "the same, over bare CAF's",
    ("agents", "host_request.p50.ratio"): "request from a host thread, p50, over bare CAF's blocking one",
    ("agents", "one_way"): "one-way messages a second",
    ("agents", "starts"): "agents started a second",
    ("agents", "idle_agent.heap"): "heap of an idle agent",
    ("remote", "request.p50.ratio"): "request to an agent of another node, p50, over bare gRPC's",
    ("remote", "one_way.ratio"): "one-way messages to another node a second, over bare gRPC's in such frames",
    ("remote", "payload_1mib.ratio"): "1 MiB there and back, MB/s, over bare gRPC's",
    ("runs", "waiting.memory"): "memory of a run that waits",
    ("runs", "recovered.memory"): "the same, taken over by another engine",
    ("runs", "recovery"): "until another engine goes on with 10,000 waiting runs",
    ("scheduling", "plan.portfolio"): "plan of 2,000 tasks on 32 nodes, CPU time",
    ("scheduling", "growth.portfolio.by_n_log_n"): "growth of a plan's time in the last step, over n log n's",
    ("scheduling", "online.10000"): "online decision at 10,000 ready tasks, CPU time",
    ("scheduling", "online.by_n_log_n"): "growth of the online time in the last step, over n log n's",
    ("durable", "rows.ratio"): "history rows a second, over bare SQLite's with the same group commit",
}
PLOTTED = {
    "agents": [("request.p50", "Request agent to agent, p50 (us)"), ("host_request.p50", "Request from a host thread, p50 (us)"),
               ("one_way", "One-way messages a second"), ("starts", "Agents started a second"),
               ("idle_agent.heap", "Heap of an idle agent (bytes)")],
    "remote": [("request.p50", "Request to an agent of another node, p50 (us)"), ("one_way", "One-way messages to another node a second"),
               ("payload_1mib", "1 MiB there and back (MB/s)")],
    "durable": [("rows", "Committed history rows a second")],
}


# ------------------------------------------------------------------------------------------------------------- tables
def host_lines(figures: list[dict]) -> list[str]:
    """Processor, versions, commit; more than one of them only where figures of several builds were put together."""
    hosts = {(f["processor"], ", ".join(f"{k} {v}" for k, v in f["versions"].items()), f["commit"]) for f in figures}
    return [f"- {processor}; {versions}; commit {commit}" for processor, versions, commit in sorted(hosts)] + [""]


def goal_rows(figures: list[dict]) -> list[list]:
    rows = []
    for figure in figures:
        goal = figure["settings"].get("goal")
        if goal:
            what = GOALS.get((figure["bench"], figure["name"]), f"{figure['bench']} {figure['name']}")
            rows.append([what, f"{goal} {figure['unit']}", f"{number(figure['value'])} ({spread(figure)})",
                         verdict(goal, figure["value"])])
    return rows


def common_settings(figures: list[dict]) -> dict:
    """What is the same for all figures of a bench."""
    shared = dict(figures[0]["settings"])
    for figure in figures[1:]:
        shared = {k: v for k, v in shared.items() if figure["settings"].get(k) == v}
    return shared


def settings_text(settings: dict) -> str:
    return ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in settings.items() if k != "goal")


def bench_section(bench: str, figures: list[dict]) -> list[str]:
    shared = common_settings(figures)
    rows = []
    for figure in figures:
        own = {k: v for k, v in figure["settings"].items() if k not in shared}
        rows.append([figure["name"], number(figure["value"]), spread(figure), figure["unit"], figure["repetitions"],
                     settings_text(own)])
    lines = [f"### {TITLES.get(bench, bench)} (`troupe bench {bench}`)", ""]
    if shared:
        lines += [f"All with {settings_text(shared)}.", ""]
    return lines + table(["figure", "median", "min – max", "unit", "rounds", "settings"], rows, {1, 2, 4})


def workflow_section(rows: list[dict]) -> list[str]:
    """troupe's workflows beside those of other engines: each figure's rows, and what theirs is of ours."""
    if not rows:
        return []
    ours = {each["figure"]: each["median"] for each in rows if each["name"] == "troupe"}
    cells = [[each["what"], each["version"] if each["name"] != "troupe" else "troupe", f"{number(each['median'])} {each['unit']}",
              spread(each), f"{each['median'] / ours[each['figure']]:.2f}" if each["figure"] in ours else ""] for each in rows]
    return ["### Workflows beside other engines", "",
            f"Steps that do nothing, {max(each['rounds'] for each in rows)} rounds in shuffled turns, every engine in a process of its own. "
            "The last column is the figure over troupe's.", "",
            *table(["what", "engine", "median", "min – max", "of troupe's"], cells, {2, 3, 4})]


# -------------------------------------------------------------------------------------------------------------- plots
def bar_of(label: str, figure: dict, ours: bool) -> Bar:
    return Bar(label, figure["value"], figure["min"], figure["max"], ours)


def floor_panels(bench: str, figures: list[dict]) -> list[Panel]:
    """Ours and what it is compared with: the figure of the same name and one more part."""
    found = {figure["name"]: figure for figure in figures}
    panels = []
    for name, title in PLOTTED[bench]:
        if name not in found:
            continue
        bars = [bar_of("troupe", found[name], True)]
        bars += [bar_of(shown, found[f"{name}.{floor}"], False) for floor, shown in FLOORS.items() if f"{name}.{floor}" in found]
        goal = found[name]["settings"].get("goal")
        panels.append(Panel(title, bars, float(goal.split()[1]) if goal else None))
    return panels


def ner_panels(figures: list[dict], races: list[Race]) -> list[Panel]:
    bars = [bar_of(f"{f['settings']['engine'].rsplit(', ', 1)[1]}, threads {f['settings']['threads']}", f, True)
            for f in figures if f["name"] == "tokens.per_core_second"]
    panels = [Panel("Text to entities: tokens per core-second", bars)] if bars else []
    return panels + race_panels(races)


def growth_panel(title: str, figures: list[dict], prefix: str, per_task) -> Panel:
    """One bar for each number of tasks, `prefix.N`: the time of one task, `per_task(N)` times the figure."""
    bars = []
    for figure in figures:
        tasks = figure["name"].removeprefix(prefix)
        if figure["name"].startswith(prefix) and tasks.isdigit():
            scale = per_task(int(tasks))
            bars.append(Bar(f"{int(tasks):,} tasks", figure["value"] * scale, figure["min"] * scale, figure["max"] * scale))
    return Panel(title, bars)


def scheduling_panels(figures: list[dict]) -> list[Panel]:
    def in_plan(tasks):
        return 1e3 / tasks  # milliseconds a plan

    panels = [growth_panel("Whole plan, portfolio: us of CPU a task", figures, "growth.portfolio.", in_plan),
              growth_panel("Whole plan, heft: us of CPU a task", figures, "growth.heft.", in_plan),
              growth_panel("Online, aged-srpt: us of CPU a task, so many ready", figures, "online.", lambda _: 1)]
    return [panel for panel in panels if panel.bars]


def panels_of(bench: str, figures: list[dict], races: list[Race]) -> list[Panel]:
    if bench == "ner":
        return ner_panels(figures, races)
    if bench == "scheduling":
        return scheduling_panels(figures)
    return floor_panels(bench, figures) if bench in PLOTTED else []


def write_plots(folder: pathlib.Path, by_bench: dict, races: list[Race]) -> dict:
    """@returns the name of the file of each bench that has one."""
    folder.mkdir(exist_ok=True)
    written = {}
    for bench, figures in by_bench.items():
        panels = panels_of(bench, figures, races)
        if panels:
            written[bench] = folder / f"{bench}.svg"
            written[bench].write_text(chart(panels), encoding="utf-8")
    return written


# --------------------------------------------------------------------------------------------------------------- page
def group(figures: list[dict]) -> dict:
    by_bench = {}
    for figure in figures:
        by_bench.setdefault(figure["bench"], []).append(figure)
    return by_bench


def write_curves(folder: pathlib.Path, figures: list[dict]) -> None:
    drawn = curves_svg(figures)
    if drawn:
        (folder / "curves.svg").write_text(drawn, encoding="utf-8")


def report(figures: list[dict], races: list[Race], tokenizers: Tokenizers | None, page: pathlib.Path) -> list[str]:
    sweeps, single = [f for f in figures if is_sweep(f)], [f for f in figures if not is_sweep(f)]
    by_bench = group(single)
    plots = write_plots(page.parent / page.stem, by_bench, races)
    write_curves(page.parent / page.stem, sweeps)
    goals = [*goal_rows(single), *race_goals(races), *tokenizer_goals(tokenizers)]
    lines = ["## Measured on", "", *host_lines(figures), "## Goals", "",
             *table(["what", "goal", "median (min – max)", ""], goals, {2}), "## Figures", ""]
    for bench, found in by_bench.items():
        lines += bench_section(bench, found)
        if bench in plots:
            lines += [f"![{TITLES.get(bench, bench)}]({page.stem}/{plots[bench].name})", ""]
    return lines + curve_section(sweeps, f"{page.stem}/curves.svg") + race_sections(races) + tokenizer_section(tokenizers)


def read_races(paths: list[pathlib.Path]) -> tuple[list[Race], Tokenizers | None]:
    """Those whose files are there."""
    races, tokenizers = [], None
    for path in filter(pathlib.Path.is_file, paths):
        if any(line.get("kind") == "tokenizer" for line in read_lines(path)):
            tokenizers = Tokenizers(path)
        elif race := read_race(path):
            races.append(race)
    return races, tokenizers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=pathlib.Path, required=True)
    parser.add_argument("--races", type=pathlib.Path, nargs="*", default=[])
    parser.add_argument("--workflow-peers", type=pathlib.Path, default=pathlib.Path("none"))
    parser.add_argument("--page", type=pathlib.Path, required=True)
    given = parser.parse_args()
    figures = read_lines(given.figures)
    before, begin, rest = given.page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not figures or not begin or not end:
        print(f"bench_report: no figures in {given.figures}, or no markers in {given.page}", file=sys.stderr)
        return 1
    flows = read_lines(given.workflow_peers) if given.workflow_peers.exists() else []
    body = "\n".join(report(figures, *read_races(given.races), given.page) + workflow_section(flows))
    given.page.write_text(f"{before}{BEGIN}\n\n{body}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

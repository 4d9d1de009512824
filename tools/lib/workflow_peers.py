#!/usr/bin/env python3
"""Measures troupe's workflows and those of other engines in turns, and prints what was found as JSON lines.

workflow_peers.py --troupe COMMAND --python PYTHON --scripts FOLDER [--rivals A,B] [--rounds N] [--folder DIR]

FOLDER has one driver per rival, NAME_bench.py, that prints JSON lines with `workload`, `metric`, `median` and `unit`, and
common.py, whose random_dag() all of them run. A round is one repetition of each, in an order that changes."""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

# What is compared: troupe's figure, and the rivals' workload and metric.
COMPARED = {
    "chain.p50": ("chain of 3 steps, p50", "us", "d", ("3-node chain p50",)),
    "fan.p50": ("1 to 5 to 1 steps, p50", "us", "d", ("fan-out/fan-in 5 p50",)),
    "graph.p50": ("graph of 100 steps, p50", "us", "d", ("100-node DAG p50",)),
    "chains": ("64 chains at once", "runs/s", "d", ("chains, 64 concurrent (async)",)),
    "durable.chain.p50": ("durable chain of 3 steps, p50", "us", "e", ("durable 3-node chain p50", "durable 3-node chain, sync p50")),
    "steps": ("durable steps, 64 runs at once (others: as many at once as they offer)", "steps/s", "e",
              ("durable steps", "durable steps, sync", "durable chains, 64 concurrent")),
}


def json_lines(text: str) -> list:
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def run(command: list, **options) -> list:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json_lines(done.stdout)


def measure_troupe(given, graph: pathlib.Path) -> dict:
    rows = run([given.troupe, "bench", "workflows", "--repetitions", 1, "--json", "--folder", given.folder, "--graph", graph])
    rows += run([given.troupe, "bench", "durable", "--repetitions", 1, "--json", "--folder", given.folder, "--steps", 100])
    return {each["name"]: each["value"] for each in rows}


def measure_rival(given, name: str) -> dict:
    script, *more = {"dbos": ["dbos_bench.py", "sqlite"]}.get(name, [f"{name}_bench.py"])
    rows = run([given.python, given.scripts / script, *more], cwd=given.scripts,
               env={**os.environ, "BENCH_REPS": "1", "BENCH_DIR": str(given.folder), "PYTHONDONTWRITEBYTECODE": "1",
                    "NEOGRAPH_SUPPRESS_FANOUT_WARNING": "1"})
    found = {}
    for ours, (_, unit, workload, metrics) in COMPARED.items():
        values = [each["median"] * (3 if each["unit"] == "workflow/s" and unit == "steps/s" else 1) for each in rows
                  if each.get("workload") == workload and each.get("metric") in metrics and "median" in each]
        if values:
            found[ours] = max(values) if unit.endswith("/s") else min(values)
    versions = {each["rival"] for each in rows if "rival" in each}
    return {"version": ", ".join(sorted(versions)), **found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--troupe", type=pathlib.Path, required=True)
    parser.add_argument("--python", type=pathlib.Path, required=True)
    parser.add_argument("--scripts", type=pathlib.Path, required=True)
    parser.add_argument("--rivals", default="neograph,langgraph,dbos")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path.cwd())
    given = parser.parse_args()
    sys.path.insert(0, str(given.scripts))
    sys.dont_write_bytecode = True
    from common import random_dag
    given.scripts, given.folder = given.scripts.resolve(), given.folder.resolve()

    found, versions = {}, {}
    with tempfile.TemporaryDirectory() as temporary:
        graph = pathlib.Path(temporary) / "graph.json"
        graph.write_text(json.dumps(random_dag()))
        order = ["troupe", *given.rivals.split(",")]
        for number in range(given.rounds):
            random.Random(number).shuffle(order)
            for name in order:
                print(f"round {number + 1} of {given.rounds}: {name}", file=sys.stderr, flush=True)
                values = measure_troupe(given, graph) if name == "troupe" else measure_rival(given, name)
                versions[name] = values.pop("version", "troupe")
                for figure, value in values.items():
                    if figure in COMPARED:
                        found.setdefault((figure, name), []).append(value)
    for figure, (what, unit, _, _) in COMPARED.items():
        for name in ["troupe", *given.rivals.split(",")]:
            values = found.get((figure, name))
            if values:
                print(json.dumps({"kind": "workflows", "figure": figure, "what": what, "unit": unit, "name": name,
                                  "version": versions[name], "median": statistics.median(values), "min": min(values),
                                  "max": max(values), "rounds": len(values)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

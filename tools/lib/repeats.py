#!/usr/bin/env python3
"""How many effects a crash repeats, for several settings of `--max-uncommitted`, beside the throughput that each costs.

The load is that of `troupe bench effects`: 100 runs of 5 steps in flight, each step appends a line with its idempotency
key and the number of its attempt to a file. A round kills the process with SIGKILL at a random moment, lets another one
go on to the end, and checks that nothing is lost, that whoever reads a repeated line can tell that it is one, and that at
most as many effects are repeated as the setting says. Throughput is that of passes that nobody kills, over the same load.

With --peers other engines run the same load, by their drivers' own crash trial (tools/lib/repeats_peers.py).
Prints a table, or JSON lines with --json. Exit status: 0, 1 where a check failed (what it saw is kept), 2 bad options."""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tools" / "lib")]
sys.dont_write_bytecode = True

import repeats_peers
from support import TROUPE, PostgresServer

RUNS, STEPS = 100, 5
SETTINGS = "1,4,16,64,256,unlimited"
# A pass takes seconds where each effect waits for a disk.
LONGEST_PASS = 300
# Of passes that ended before the kill, in a row.
MOST_MISSED = 20


class Violation(Exception):
    """A promise that was not kept."""


class SqliteStores:
    name = "sqlite"

    def __init__(self, folder: pathlib.Path):
        self.folder, self.number = folder, 0

    @contextlib.contextmanager
    def new(self):
        self.number += 1
        place = self.folder / f"sqlite-{self.number}"
        place.mkdir()
        yield f"sqlite:{place / 'runs.db'}"
        shutil.rmtree(place)

    def keep(self, to: pathlib.Path) -> None:
        """The store of the round that broke off."""
        shutil.copytree(self.folder / f"sqlite-{self.number}", to / "store")

    def close(self) -> None:
        pass


class PostgresStores:
    """Schemas of a server of their own on the loopback device."""

    name = "postgresql"

    def __init__(self, folder: pathlib.Path):
        folder.chmod(0o755)
        self.server, self.number = PostgresServer(folder / "server"), 0
        os.environ["PGPASSWORD"] = PostgresServer.PASSWORD

    @contextlib.contextmanager
    def new(self):
        self.number += 1
        yield self.server.store(self.schema)
        self.server.sql(f"DROP SCHEMA {self.schema} CASCADE")

    @property
    def schema(self) -> str:
        return f"repeats_{self.number}"

    def keep(self, to: pathlib.Path) -> None:
        subprocess.run([str(TROUPE), "store", "backup", str(to / "store.backup"), "--store", self.server.store(self.schema)],
                       capture_output=True, timeout=60, check=False)

    def close(self) -> None:
        self.server.stop()


STORES = {each.name: each for each in (SqliteStores, PostgresStores)}


class Load:
    """The runs, and what they leave in a folder."""

    def __init__(self, folder: pathlib.Path, setting: int | None, runs: int = RUNS, steps: int = STEPS):
        self.folder, self.setting, self.runs, self.steps = folder, setting, runs, steps

    @property
    def effects(self) -> int:
        return self.runs * self.steps

    def start(self, store: str, file: pathlib.Path) -> subprocess.Popen:
        bound = [] if self.setting is None else ["--max-uncommitted", str(self.setting)]
        command = [str(TROUPE), "bench", "effects", "--store", store, "--file", str(file), "--runs", str(self.runs),
                   "--steps", str(self.steps), "--json", *bound]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process: subprocess.Popen) -> dict:
        """Its figures by name."""
        try:
            out, said = process.communicate(timeout=LONGEST_PASS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Violation(f"it did not end within {LONGEST_PASS} s: {process.communicate()[1][-2000:]}") from None
        if process.returncode != 0:
            raise Violation(f"it ended with {process.returncode}: {said[-2000:]}")
        return {each["name"]: each["value"] for each in map(json.loads, out.splitlines())}

    def check(self, file: pathlib.Path) -> int:
        """@returns how many effects were repeated."""
        attempts = collections.defaultdict(list)
        for number, line in enumerate(file.read_text().splitlines(), 1):
            key, _, attempt = line.partition(" ")
            if not attempt.isdigit():
                raise Violation(f"{file}:{number}: '{line}' is no effect")
            attempts[key].append(int(attempt))
        expected = {f"w{run}/step-{step}/0" for run in range(self.runs) for step in range(self.steps)}
        if lost := sorted(expected - attempts.keys()):
            raise Violation(f"{len(lost)} effects are lost: {', '.join(lost[:10])}")
        if strange := sorted(attempts.keys() - expected):
            raise Violation(f"effects of nobody: {', '.join(strange[:10])}")
        for key, numbers in attempts.items():
            if numbers[0] < 1 or any(a >= b for a, b in zip(numbers, numbers[1:])):
                raise Violation(f"a repeat of {key} cannot be told by its attempt: {numbers}")
        repeated = sum(len(numbers) - 1 for numbers in attempts.values())
        if self.setting is not None and repeated > self.setting:
            raise Violation(f"{repeated} effects were repeated, at most {self.setting} may be")
        return repeated

    def check_completed(self, store: str) -> None:
        shown = subprocess.run([str(TROUPE), "ps", "--store", store, "--json", "--limit", "100000"],
                               capture_output=True, text=True, timeout=60)
        if shown.returncode != 0:
            raise Violation(f"troupe ps: {shown.stderr[-2000:]}")
        states = collections.Counter(json.loads(line)["status"] for line in shown.stdout.splitlines())
        if states != {"completed": self.runs}:
            raise Violation(f"of {self.runs} runs: {dict(states)}")

    def crash(self, store: str, file: pathlib.Path, chance: random.Random) -> dict | None:
        """Kills, goes on, checks. @returns nothing where it came to its end before."""
        kill_at, and_then = chance.randint(1, self.effects - 1), chance.choice([0, 0, chance.uniform(0, 0.003)])
        process = self.start(store, file)
        limit = time.monotonic() + LONGEST_PASS
        while process.poll() is None and time.monotonic() < limit:
            if file.exists() and file.read_bytes().count(b"\n") >= kill_at:
                break
            time.sleep(0.0003)
        time.sleep(and_then)
        process.kill()
        _, said = process.communicate()
        if process.returncode == 0:
            return None
        if process.returncode != -9:
            raise Violation(f"it ended with {process.returncode}: {said[-2000:]}")
        before = file.read_text().count("\n")
        recovery = self.finish(self.start(store, file))["recovery"]
        repeated = self.check(file)
        self.check_completed(store)
        return {"effects_before_kill": before, "repeated": repeated, "recovery_s": recovery}

    def throughput(self, store: str, file: pathlib.Path) -> float:
        steps = self.finish(self.start(store, file))["steps"]
        if self.check(file) != 0:
            raise Violation("an effect was repeated where nothing crashed")
        self.check_completed(store)
        return steps


@contextlib.contextmanager
def evidence(file: pathlib.Path, kept: pathlib.Path, stores):
    """The effects of a round, gone with it unless something is wrong with them: then they are kept, and its store."""
    try:
        yield
    except Violation as why:
        place = kept / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        place.mkdir(parents=True)
        if file.exists():
            shutil.copy(file, place / "effects")
        stores.keep(place)
        raise Violation(f"{why}; what it left is kept in {place}") from why
    file.unlink(missing_ok=True)


def measure(stores, setting: int | None, given, chance: random.Random) -> dict:
    load = Load(given.folder, setting, given.runs, given.steps)
    file, kept = given.work / "effects", given.folder / "evidence"
    rates, rounds, missed = [], [], 0
    for _ in range(given.passes):
        with evidence(file, kept, stores), stores.new() as store:
            rates.append(load.throughput(store, file))
    while len(rounds) < given.rounds:
        with evidence(file, kept, stores), stores.new() as store:
            done = load.crash(store, file, chance)
        missed = 0 if done else missed + 1
        if missed == MOST_MISSED:
            raise Violation(f"{missed} passes in a row ended before they were killed; take more --runs or --steps")
        if done:
            rounds.append(done)
    return {"kind": "repeats", "engine": "troupe", "store": stores.name, "max_uncommitted": setting or "unlimited",
            "rounds": len(rounds), "effects": load.effects, "lost": 0, **figures("repeated", [each["repeated"] for each in rounds]),
            **figures("steps_per_second", rates), **figures("recovery_s", [each["recovery_s"] for each in rounds])}


def figures(name: str, values: list) -> dict:
    if not values:
        return {}
    return {name: statistics.median(values), f"{name}_min": min(values), f"{name}_max": max(values)}


COLUMNS = ("engine", "store", "max_uncommitted", "rounds", "repeated, median", "most", "of", "lost", "steps/s", "min – max")


def table_row(row: dict) -> tuple:
    def number(name: str) -> str:
        return f"{row[name]:,.0f}" if name in row else "–"

    if "why_not" in row:
        return (row["engine"], row["store"], row["why_not"], *[""] * 7)
    spread = f"{number('steps_per_second_min')} – {number('steps_per_second_max')}" if "steps_per_second" in row else "–"
    return (row["engine"], row["store"], str(row.get("max_uncommitted", "–")), str(row["rounds"]), f"{row['repeated']:g}",
            number("repeated_max"), number("effects"), number("lost"), number("steps_per_second"), spread)


def print_table(rows: list) -> None:
    lines = [COLUMNS, *map(table_row, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    for number, line in enumerate(lines):
        left = [cell.ljust(width) if i < 3 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        print("| " + " | ".join(left) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) if i < 3 else "-" * (width + 1) + ":" for i, width in enumerate(widths)) + "|")


def settings_of(text: str) -> list:
    made = []
    for each in text.split(","):
        if each != "unlimited" and not (each.isdigit() and 1 <= int(each) <= 1_000_000):
            raise argparse.ArgumentTypeError(f"'{each}' is neither a number from 1 to 1000000 nor 'unlimited'")
        made.append(None if each == "unlimited" else int(each))
    return made


def stores_of(text: str) -> list:
    if unknown := [each for each in text.split(",") if each not in STORES]:
        raise argparse.ArgumentTypeError(f"'{unknown[0]}' is no store; take {' or '.join(STORES)}")
    return text.split(",")


def number_of(least: int, most: int):
    def read(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"'{text}' is no number from {least} to {most}")
        return int(text)

    return read


def options(arguments: list | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/chaos --repeats", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=number_of(1, 10_000), default=9, help="kills for each store and setting (9)")
    parser.add_argument("--passes", type=number_of(1, 1_000), default=5, help="that nobody kills, for each (5)")
    parser.add_argument("--settings", type=settings_of, default=settings_of(SETTINGS), help=f"of --max-uncommitted ({SETTINGS})")
    parser.add_argument("--store", type=stores_of, default=list(STORES), help="sqlite, postgresql, or both with a comma (both)")
    parser.add_argument("--runs", type=number_of(1, 10_000), default=RUNS, help=f"runs in flight ({RUNS})")
    parser.add_argument("--steps", type=number_of(1, 1_000), default=STEPS, help=f"steps of each ({STEPS})")
    parser.add_argument("--seed", type=int, help="of the moments (a new one)")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "chaos",
                        help="where stores and evidence lie; name a real disk, not tmpfs (build/chaos)")
    parser.add_argument("--json", action="store_true", help="one JSON object for each row, as soon as it is there")
    parser.add_argument("--peers", nargs=2, metavar=("PYTHON", "SCRIPTS"), type=pathlib.Path,
                        help="also other engines: the folder SCRIPTS has their drivers, PYTHON what these need")
    return parser.parse_args(arguments)


def rows(given, chance: random.Random):
    """Each as soon as it is there."""
    for name in given.store:
        stores = STORES[name](given.work)
        try:
            for setting in given.settings:
                print(f"{name}, max_uncommitted {setting or 'unlimited'}", file=sys.stderr, flush=True)
                yield measure(stores, setting, given, chance)
            if given.peers:
                server = stores.server if name == "postgresql" else None
                yield from repeats_peers.rows(*given.peers, given.work, given.rounds, server)
        finally:
            stores.close()


def main() -> int:
    given = options()
    if not TROUPE.exists():
        print(f"{TROUPE} is not there; build it, or name another in TROUPE_BINARY", file=sys.stderr)
        return 2
    given.folder.mkdir(parents=True, exist_ok=True)
    given.folder = given.folder.resolve()
    seed = given.seed if given.seed is not None else random.randrange(2**32)
    print(f"seed {seed}", file=sys.stderr)
    found = []
    with tempfile.TemporaryDirectory(dir=given.folder) as work:
        given.work = pathlib.Path(work)
        try:
            for row in rows(given, random.Random(seed)):
                found.append(row)
                if given.json:
                    print(json.dumps(row), flush=True)
        except Violation as why:
            print(f"seed {seed}: {why}", file=sys.stderr)
            return 1
    if not given.json:
        print_table(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())

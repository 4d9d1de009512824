"""The crash workload of other engines, for tools/lib/repeats.py: 100 workflows of 5 steps that append a line each.

Their drivers (NAME_bench.py) kill the worker when half of the lines are there, start it again, and print what was lost and
repeated. Throughput is that of the same worker when nobody kills it, from its first line to the end of the last workflow."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

EFFECTS, FLOWS = 500, 100
# A worker, or a trial with its recovery.
LONGEST = 240
PASSES = 3


def environment(folder: pathlib.Path) -> dict:
    path = os.pathsep.join(filter(None, (os.environ["PATH"], os.environ.get("TEMPORAL_BIN"))))
    return {**os.environ, "PATH": path, "BENCH_DIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def lines_of(file: pathlib.Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


class Dbos:
    """Each trial on databases that nobody has used."""

    name = "dbos"

    def __init__(self, python, scripts, folder, server=None):
        self.scripts, self.folder, self.server = scripts, folder, server
        self.command = [str(python), "dbos_bench.py"]
        self.store = "postgresql" if server else "sqlite"

    def new_databases(self) -> str:
        """@returns the server's address; the drivers add a database's name."""
        for name in ("dbos_crash", "dbos_bench"):
            self.server.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            self.server.sql(f"CREATE DATABASE {name}")
        secret = urllib.parse.quote(self.server.PASSWORD, safe="")
        return f"postgresql://postgres:{secret}@127.0.0.1:{self.server.port}"

    def why_not(self) -> str:
        return ""

    def trial(self) -> list:
        return [*self.command, self.new_databases() if self.server else "sqlite", "crash"]

    def worker(self, place: str, effects: str, done: str) -> list:
        url = self.new_databases() + "/dbos_bench" if self.server else f"sqlite:///{place}/dbos.db"
        return [*self.command, "worker", "run", effects, done, url]


class Temporal:
    """Its dev server. Not without its program; no throughput, since its driver has the server in its own hands."""

    name, store, worker = "temporal", "its dev server", None

    def __init__(self, python, scripts, folder):
        self.scripts, self.folder = scripts, folder
        self.command = [str(python), "temporal_bench.py"]

    def why_not(self) -> str:
        if shutil.which("temporal", path=environment(self.folder)["PATH"]):
            return ""
        return "not run: there is no program `temporal` (name its folder in TEMPORAL_BIN)"

    def trial(self) -> list:
        return [*self.command, "crash"]


def crash(engine) -> dict:
    """One kill and restart. @returns the driver's line, or why there is none."""
    try:
        done = subprocess.run(engine.trial(), cwd=engine.scripts, env=environment(engine.folder), capture_output=True, text=True,
                              timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return {"why_not": f"not run: it did not end within {LONGEST} s"}
    for line in done.stdout.splitlines():
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            continue
        if found.get("metric") == "kill -9 and restart":
            return found
    last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
    return {"why_not": f"not run: {last[:200]}"}


def steps_per_second(engine) -> float | None:
    """Of a worker that nobody kills."""
    with tempfile.TemporaryDirectory(dir=engine.folder) as place:
        effects, done = pathlib.Path(place) / "effects", pathlib.Path(place) / "done"
        process = subprocess.Popen(engine.worker(place, str(effects), str(done)), cwd=engine.scripts, env=environment(engine.folder),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        limit, began = time.monotonic() + LONGEST, None
        try:
            while process.poll() is None and time.monotonic() < limit:
                time.sleep(0.001)
                if began is None and lines_of(effects):
                    began = time.monotonic()
                if began is not None and lines_of(done) >= FLOWS:
                    return EFFECTS / (time.monotonic() - began)
        finally:
            process.kill()
            process.wait()
    return None


def measure(engine, rounds: int) -> dict:
    row = {"kind": "repeats", "engine": engine.name, "store": engine.store}
    if why_not := engine.why_not():
        return {**row, "why_not": why_not}
    trials = []
    for number in range(rounds):
        print(f"{engine.name} on {engine.store}: {number + 1} of {rounds}", file=sys.stderr, flush=True)
        trials.append(crash(engine))
        if "why_not" in trials[-1]:
            return {**row, **trials[-1]}
    repeated = [each["repeated_effects"] for each in trials]
    # Its name has the store behind the version.
    row |= {"engine": " ".join(trials[0]["rival"].split()[:2]), "rounds": rounds, "effects": EFFECTS,
            "lost": max(each["lost_steps"] for each in trials), "unfinished": max(each["of"] - each["finished"] for each in trials),
            "repeated": statistics.median(repeated), "repeated_min": min(repeated), "repeated_max": max(repeated)}
    rates = [each for each in (steps_per_second(engine) for _ in range(PASSES)) if each] if engine.worker else []
    if rates:
        row |= {"steps_per_second": statistics.median(rates), "steps_per_second_min": min(rates), "steps_per_second_max": max(rates)}
    return row


def rows(python: pathlib.Path, scripts: pathlib.Path, folder: pathlib.Path, rounds: int, server=None):
    """Of those that run on this kind of store: with a server on that, else on what they bring along."""
    engines = [Dbos(python, scripts, folder, server)]
    if not server:
        engines.append(Temporal(python, scripts, folder))
    for engine in engines:
        yield measure(engine, rounds)

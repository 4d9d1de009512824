#!/usr/bin/env python3
"""The main job is killed with SIGKILL at random moments, again and again, and goes on each time where it stood.

A run that reaches its end between two kills is checked and followed by the next one, until all rounds are done. Checked
of each run: every document is done, no step whose completion was committed was scheduled again, every effect is there,
and the report equals, outside its `timing` object, that of a run which nobody disturbed.
On PostgreSQL the server is killed too, all its processes at once, and started again while the run is at work.
Options: --rounds N (kills), --documents N, --seed N, --store sqlite|postgresql.
"""

import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import threading
import time
import unittest

from support import TROUPE, SystemTest, troupe, write_documents

ROUNDS, DOCUMENTS, SEED, STORE = 50, 200, None, "sqlite"
# A run of the main job is killed about so often.
KILLS_PER_RUN = 50
# One round in so many is killed while the process starts: it loads the model, then takes the run over.
STARTING = 5
# Of the runs on PostgreSQL one in so many sees its server killed instead, so often.
SERVER, SERVER_KILLS_PER_RUN = 3, 4


def report_of(output: pathlib.Path) -> dict:
    report = json.loads((output / "report.json").read_text("utf-8"))
    report.pop("timing")
    return report


class CrashTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.server = self.use_postgres() if STORE == "postgresql" else None

    def start_and_restart_server(self, arguments: list, most: int, chance: random.Random) -> int:
        """Kills the server again and again while the command is at work, which must notice no more than a wait.

        Returns how often it was killed before the command reached its end."""
        process = subprocess.Popen(
            [str(TROUPE), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        left, said, kills = chance.randint(1, most), [], 0
        with process:
            for line in process.stderr:
                said.append(line)
                left -= " completed" in line
                if left <= 0 and kills < SERVER_KILLS_PER_RUN:
                    time.sleep(chance.uniform(0, 0.02))
                    self.server.kill()
                    self.server.start()
                    kills, left = kills + 1, chance.randint(1, most)
        self.assertEqual(process.returncode, 0, "".join(said[-20:]))
        return kills

    def start_and_kill(self, arguments: list, completions: int, after_s: float) -> bool:
        """Kills the command so long after it showed so many completed steps (0: after its start).

        Returns whether it was killed before its end.
        """
        process = subprocess.Popen(
            [str(TROUPE), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        killer = threading.Timer(after_s, process.kill)
        left = completions
        with process:
            if left == 0:
                killer.start()
            for line in process.stderr:
                left -= " completed" in line
                if left == 0 and " completed" in line:
                    killer.start()
        killer.cancel()
        if process.returncode not in (0, -9):
            self.fail(f"it ended with {process.returncode}")
        return process.returncode == -9

    def history(self, run: str) -> list:
        shown = troupe("show", run, "--store", self.store, "--history", "--json")
        self.assert_exit(shown, 0)
        return json.loads(shown.stdout)["history"]

    def assert_no_committed_step_ran_again(self, history: list) -> None:
        completed = collections.Counter()
        for event in history:
            kind, body = next((k, v) for k, v in event.items() if k not in ("sequence", "time"))
            if kind not in ("stepScheduled", "stepCompleted"):
                continue
            where = (body["attempt"]["step"], body["attempt"].get("index", 0))
            self.assertEqual(completed[where], 0, f"{kind} of {where} after its completion")
            completed[where] += kind == "stepCompleted"
        per_step = collections.Counter(step for (step, _), times in completed.items() if times)
        for step in ("read", "extract", "redact", "write"):
            self.assertEqual(per_step[step], DOCUMENTS)
        self.assertEqual((per_step["list"], per_step["report"]), (1, 1))

    def check_finished(self, run: str, output: pathlib.Path, undisturbed: dict) -> None:
        history = self.history(run)
        self.assert_no_committed_step_ran_again(history)
        self.assertEqual([e["sequence"] for e in history], [str(n) for n in range(1, len(history) + 1)])
        self.assertEqual(len(list((output / "redacted").glob("*.txt"))), DOCUMENTS)
        self.assertEqual(len(undisturbed["documents"]), DOCUMENTS)
        self.assertEqual(report_of(output), undisturbed)
        left = [p for p in output.rglob("*") if p.is_file() and p.suffix not in (".txt", ".json", ".html")]
        self.assertEqual(left, [], "temporary files were left behind")

    def finish(self, arguments: list) -> str:
        """Lets the run reach its end. Returns its id."""
        last = troupe(*arguments, "--json")
        self.assert_exit(last, 0)
        run = json.loads(last.stdout)
        self.assertEqual(run["status"], "completed")
        return run["run"]

    def test_killed_again_and_again(self):
        seed = SEED if SEED is not None else random.randrange(2**32)
        print(f"seed {seed}, {ROUNDS} rounds, {DOCUMENTS} documents", flush=True)
        chance = random.Random(seed)
        documents = self.folder / "documents"
        write_documents(documents, DOCUMENTS)
        began = time.monotonic()
        self.finish(self.run_arguments(documents, self.folder / "undisturbed"))
        whole_s = time.monotonic() - began
        undisturbed = report_of(self.folder / "undisturbed")
        most = max(1, 2 * (4 * DOCUMENTS + 2) // KILLS_PER_RUN)
        killed = starting = runs = restarted = 0
        began = time.monotonic()
        while killed < ROUNDS:
            runs += 1
            output = self.folder / f"out-{runs}"
            arguments = self.run_arguments(documents, output, "--continue", "--progress", "lines")
            # Never twice in a row while it starts: an attempt that is lost again and again counts as the culprit.
            moved, alive = False, True
            if self.server and chance.randrange(SERVER) == 0:
                kills = self.start_and_restart_server(arguments, most, chance)
                killed, restarted, alive = killed + kills, restarted + kills, False
            while alive and killed < ROUNDS:
                moved = not (moved and chance.randrange(STARTING) == 0)
                if moved:
                    alive = self.start_and_kill(arguments, chance.randint(1, most), chance.uniform(0, 0.02))
                else:
                    alive = self.start_and_kill(arguments, 0, chance.uniform(0, whole_s / 4))
                killed += alive
                starting += alive and not moved
            run = self.finish(arguments) if alive else self.newest_completed()
            self.check_finished(run, output, undisturbed)
        print(
            f"{killed} kills ({starting} of them while it started, {restarted} of the server) in {runs} runs, {time.monotonic() - began:.0f} s: "
            f"every document done, no committed step repeated, reports equal", flush=True,
        )

    def newest_completed(self) -> str:
        listed = troupe("ps", "--store", self.store, "--json")
        self.assert_exit(listed, 0)
        return json.loads(listed.stdout.splitlines()[0])["run"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default=STORE)
    options, rest = parser.parse_known_args()
    ROUNDS, DOCUMENTS, SEED, STORE = options.rounds, options.documents, options.seed, options.store
    unittest.main(argv=[sys.argv[0], *rest])

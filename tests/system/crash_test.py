#!/usr/bin/env python3
"""The main job is killed with SIGKILL in the middle, again and again, and goes on each time where it stood.

Checked at the end: every document is done, no step whose completion was committed was scheduled again, and each effect
is there. Options: --rounds N, --documents N, --seed N.
"""

import argparse
import collections
import json
import pathlib
import random
import signal
import subprocess
import sys
import unittest

from support import TROUPE, SystemTest, troupe, write_documents

ROUNDS, DOCUMENTS, SEED = 10, 60, None


class CrashTest(SystemTest):
    def start_and_kill(self, arguments: list, completions: int) -> bool:
        """Kills the command after that many completed steps. Returns whether it was killed before its end."""
        process = subprocess.Popen(
            [str(TROUPE), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        seen = 0
        with process:
            for line in process.stderr:
                seen += " completed" in line
                if seen >= completions:
                    process.send_signal(signal.SIGKILL)
                    break
            process.stderr.read()
        return process.returncode == -signal.SIGKILL

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

    def test_killed_again_and_again(self):
        seed = SEED if SEED is not None else random.randrange(2**32)
        print(f"seed {seed}, {ROUNDS} rounds, {DOCUMENTS} documents", flush=True)
        chance = random.Random(seed)
        documents, output = self.folder / "documents", self.folder / "out"
        write_documents(documents, DOCUMENTS)
        arguments = self.run_arguments(documents, output, "--continue", "--progress", "lines")
        steps = 4 * DOCUMENTS + 2
        killed = sum(
            self.start_and_kill(arguments, chance.randint(1, max(1, steps * 8 // (10 * ROUNDS)))) for _ in range(ROUNDS)
        )
        self.assertEqual(killed, ROUNDS, "a round ended before it could be killed")
        last = troupe(*arguments, "--json")
        self.assert_exit(last, 0)
        run = json.loads(last.stdout)
        self.assertEqual(run["status"], "completed")
        history = self.history(run["run"])
        self.assert_no_committed_step_ran_again(history)
        self.assertEqual([e["sequence"] for e in history], [str(n) for n in range(1, len(history) + 1)])
        self.assertEqual(sum("runRecovered" in e for e in history), ROUNDS)
        self.assertEqual(len(list((output / "redacted").glob("*.txt"))), DOCUMENTS)
        self.assertEqual(len(json.loads((output / "report.json").read_text())["documents"]), DOCUMENTS)
        left = [p for p in output.rglob("*") if p.is_file() and p.suffix not in (".txt", ".json", ".html")]
        self.assertEqual(left, [], "temporary files were left behind")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--seed", type=int)
    options, rest = parser.parse_known_args()
    ROUNDS, DOCUMENTS, SEED = options.rounds, options.documents, options.seed
    unittest.main(argv=[sys.argv[0], *rest])

#!/usr/bin/env python3
"""Runs of everything that a run can do are killed with SIGKILL at random moments, and go on each time where they stood.

A run fans out over documents to commands, each of which writes a line with its idempotency key; some fail the first time
and are tried again. It waits for timers and a signal, starts runs within it, holds resources, and is cancelled in the
middle now and then: then what it did is undone. Checked of each run when it is closed: its history has no gap, replays
and is what this build would have recorded; no step was scheduled again after its completion was committed, though some have second attempts and give their places up; no command
ran more often than the history says, and none is left running; of a completed run every effect is there, of a cancelled
one every committed effect is undone. Options: --rounds N (kills), --seed N, --store sqlite|postgresql.
"""

import argparse
import collections
import json
import os
import random
import subprocess
import sys
import threading
import time
import unittest

from support import TROUPE, SystemTest, troupe, write_documents

ROUNDS, SEED, STORE = 25, None, "sqlite"
DOCUMENTS = 6
# A run is killed at most so often, then it may reach its end.
KILLS_PER_RUN = 12
# One run in so many is cancelled.
CANCELLED = 3
LONGEST_LIFE = 0.3
LONGEST_END = 120

# A line into a log is the effect: its key, which is the same for every attempt.
EFFECT = 'echo "$TROUPE_IDEMPOTENCY_KEY" >> "$0/effects"'
FLAKY = EFFECT + '; mkdir "$0/tried-$1" 2>/dev/null && exit 1; sleep 0.0$(($$ % 10)); exit 0'
DEFINITION = f"""name: chaos
inputs: {{ folder: string, logs: string }}
defaults:
  retry: {{ maximum_attempts: 4, initial_interval: 20ms }}
workflows:
  document:
    inputs: {{ name: string, logs: string }}
    output: ${{steps.told}}
    steps:
      nap: {{ wait: 20ms }}
      told:
        agent: process.run
        needs: [nap]
        input: {{ argv: [sh, -c, '{EFFECT}', "${{inputs.logs}}"] }}
steps:
  list: {{ agent: files.list, input: {{ folder: "${{inputs.folder}}" }} }}
  effect:
    agent: process.run
    for_each: ${{steps.list.files}}
    parallelism: 3
    resources: {{ cpu: 1, licence: 1 }}
    input: {{ argv: [sh, -c, '{EFFECT}', "${{inputs.logs}}"] }}
    compensate:
      agent: process.run
      input: {{ argv: [sh, -c, '{EFFECT}', "${{inputs.logs}}"] }}
  flaky:
    agent: process.run
    for_each: ${{steps.effect}}
    parallelism: 2
    resources: {{ cpu: 1 }}
    speculate: {{ after: 30ms }}
    preemptible: true
    input: {{ argv: [sh, -c, '{FLAKY}', "${{inputs.logs}}", "at-${{index}}"] }}
  nap: {{ wait: 100ms, needs: [list] }}
  child:
    workflow: document
    for_each: ${{steps.list.files}}
    parallelism: 3
    input: {{ name: "${{item.name}}", logs: "${{inputs.logs}}" }}
  approve:
    signal: approve
    needs: [nap]
    timeouts: {{ schedule_to_close: 1h }}
  urgent:
    agent: process.run
    priority: 10
    for_each: ${{steps.effect}}
    parallelism: 1
    resources: {{ cpu: 2 }}
    input: {{ argv: [sh, -c, '{EFFECT}', "${{inputs.logs}}"] }}
  last:
    agent: process.run
    needs: [flaky, urgent, child, approve]
    input: {{ argv: [sh, -c, '{EFFECT}', "${{inputs.logs}}"] }}
"""


class ChaosTest(SystemTest):
    def setUp(self):
        super().setUp()
        if STORE == "postgresql":
            self.use_postgres()
        self.definition = self.folder / "chaos.yaml"
        self.definition.write_text(DEFINITION)
        write_documents(self.folder / "in", DOCUMENTS)
        # Makes the store: who looks for a run finds one.
        first = self.folder / "first.yaml"
        first.write_text(f"name: first\nsteps: {{ a: {{ agent: files.list, input: {{ folder: {self.folder / 'in'} }} }} }}\n")
        self.assert_exit(self.troupe("run", first), 0)

    def troupe(self, *arguments):
        return troupe(*arguments, "--store", self.store)

    def live_and_die(self, run: str, arguments: list, life_s: float | None, approve: bool) -> bool:
        """Whether it reached its end before it was killed. With `approve`, one that may reach it is told while it lives."""
        process = subprocess.Popen([str(TROUPE), *map(str, arguments), "--store", str(self.store), "--progress", "none"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        waits_for = []

        def kill():
            if life_s is None:
                # It should have ended: what it waits for is known while it lives.
                waits_for.append(self.troupe("explain", run).stdout)
            process.kill()

        killer = threading.Timer(life_s if life_s is not None else LONGEST_END, kill)
        killer.start()
        if life_s is None and approve:
            # On a slow machine every process before may have been killed before its run was there to be told.
            self.wait_for(lambda: self.status(run) != "none", f"run {run} in its store")
            self.approve(run)
        _, said = process.communicate()
        killer.cancel()
        killed = process.returncode == -9
        if killed:
            self.assertIsNotNone(life_s, f"it did not end: {said}{''.join(waits_for)}")
        else:
            self.assertIn(process.returncode, (0, 1), said)
        return not killed

    def approve(self, run: str) -> None:
        sent = self.troupe("signal", run, "approve", "--id", "the-one")
        # It may be closed: cancelled, or undone.
        self.assertIn(sent.returncode, (0, 1), sent.stderr)

    def status(self, run: str) -> str:
        shown = self.troupe("ps", "--json", "--limit", 1000)
        self.assert_exit(shown, 0)
        return next((each["status"] for each in map(json.loads, shown.stdout.splitlines()) if each["run"] == run), "none")

    def arguments(self, run: str, logs, there: bool) -> list:
        start = ["run", "--resume", run] if there else ["run", self.definition, "--id", run, "--input",
                                                       f"folder={self.folder / 'in'}", "--input", f"logs={logs}"]
        return [*start, "--allow-process", "/bin/sh", "--resources", "cpu=2,licence=2"]

    def one_run(self, run: str, chance: random.Random, left: int) -> int:
        """Brings a run to its end through kills. @returns how many there were."""
        logs = self.folder / run
        logs.mkdir()
        (logs / "effects").touch()
        kills, ended = 0, False
        cancel_after = chance.randrange(4) if chance.randrange(CANCELLED) == 0 else None
        while not ended:
            there = self.status(run) != "none"
            life = chance.uniform(0.01, LONGEST_LIFE) if kills < min(KILLS_PER_RUN, left) else None
            if there and (kills >= 2 or life is None):
                self.approve(run)
            if there and cancel_after is not None and kills >= cancel_after:
                self.troupe("cancel", run, "--reason", "chaos")
                if self.status(run) == "cancelled":
                    break
            ended = self.live_and_die(run, self.arguments(run, logs, there), life, approve=not there)
            kills += not ended
            if ended and self.status(run) not in ("completed", "cancelled"):
                # It found its run at work still: the process that had it is gone in a moment.
                self.assertIn(self.status(run), ("running", "compensating", "none"))
                ended = False
        self.check(run, logs)
        return kills

    def history(self, run: str) -> list:
        shown = self.troupe("show", run, "--history", "--json")
        self.assert_exit(shown, 0)
        return json.loads(shown.stdout)["history"]

    def check(self, run: str, logs) -> None:
        children = [each["run"] for each in map(json.loads, self.troupe("ps", "--json", "--limit", 1000).stdout.splitlines())
                    if each["run"].startswith(run + "..")]
        replayed = self.troupe("replay", run, *children)
        self.assert_exit(replayed, 0)
        scheduled, completed = collections.Counter(), collections.Counter()
        for each in (run, *children):
            history = self.history(each)
            self.assertEqual([event["sequence"] for event in history], [str(n) for n in range(1, len(history) + 1)])
            for event in history:
                for kind, counter in (("stepScheduled", scheduled), ("stepSpeculated", scheduled), ("stepCompleted", completed)):
                    if kind in event:
                        attempt = event[kind]["attempt"]
                        key = f"{each}/{attempt['step']}/{attempt.get('index', 0)}" + "/compensate" * attempt.get("compensation", False)
                        self.assertEqual(completed[key], 0, f"{kind} of {key} after its completion")
                        counter[key] += 1
        effects = collections.Counter((logs / "effects").read_text().split())
        for key, times in effects.items():
            self.assertLessEqual(times, scheduled[key], f"{key} ran more often than the history knows")
        for key in completed:
            if key.rsplit("/")[1] in ("effect", "flaky", "urgent", "told", "last"):
                self.assertGreaterEqual(effects[key], 1, f"{key} is lost")
        if self.status(run) == "completed":
            done = collections.Counter(key.split("/")[1] for key in completed)
            self.assertEqual({step: done[step] for step in ("effect", "flaky", "urgent", "child", "last")} | {"told": done["told"]},
                             {"effect": DOCUMENTS, "flaky": DOCUMENTS, "urgent": DOCUMENTS, "child": DOCUMENTS, "last": 1, "told": DOCUMENTS})
        else:
            undone = {key.removesuffix("/compensate") for key in completed if key.endswith("/compensate")}
            self.assertEqual(undone, {key for key in completed if key.startswith(f"{run}/effect/") and not key.endswith("/compensate")})
            for child in children:
                self.assertIn(self.status(child), ("completed", "cancelled"))
        # Those of a process that was killed a moment ago may be at their end.
        self.wait_for(lambda: not self.left_running(logs), "the end of all commands")

    @staticmethod
    def left_running(logs) -> list:
        """Commands that work on this folder still."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    if str(logs).encode() in line.read() and int(pid) != os.getpid():
                        found.append(pid)
            except OSError:
                continue
        return found

    def test_killed_at_any_moment(self):
        seed = SEED if SEED is not None else random.randrange(2**32)
        print(f"seed {seed}, {ROUNDS} rounds on {STORE}", flush=True)
        chance, killed, runs, ends = random.Random(seed), 0, 0, collections.Counter()
        began = time.monotonic()
        while killed < ROUNDS:
            runs += 1
            killed += self.one_run(f"run-{runs}", chance, ROUNDS - killed)
            ends[self.status(f"run-{runs}")] += 1
            if runs % 20 == 0:
                print(f"{killed} kills, {runs} runs, {time.monotonic() - began:.0f} s", flush=True)
        print(f"{killed} kills in {runs} runs ({ends['completed']} completed, {ends['cancelled']} cancelled and undone), "
              f"{time.monotonic() - began:.0f} s: nothing lost, no committed effect repeated, every history replays", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default=STORE)
    options, rest = parser.parse_known_args()
    ROUNDS, SEED, STORE = options.rounds, options.seed, options.store
    unittest.main(argv=[sys.argv[0], *rest])

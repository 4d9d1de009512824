#!/usr/bin/env python3
"""A second attempt beside one that takes long, and a place that is given up: what a run does, and what show, explain and replay say of it."""

import json
import unittest

from support import TROUPE, SystemTest, troupe

# Long the first time, at once the next.
SLOW_ONCE = 'mkdir "$0/$1" 2>/dev/null && exec sleep 60; true'
SLOW = f"""name: slow
inputs: {{ folder: string }}
steps:
  slow:
    agent: process.run
    speculate: {{ after: 200ms }}
    input: {{ argv: [sh, -c, '{SLOW_ONCE}', "${{inputs.folder}}", slow] }}
  then: {{ agent: process.run, needs: [slow], input: {{ argv: [sh, -c, "true"] }} }}
"""
URGENT = f"""name: urgent
inputs: {{ folder: string }}
steps:
  low:
    agent: process.run
    priority: -10
    preemptible: true
    resources: {{ cpu: 1 }}
    retry: {{ maximum_attempts: 1 }}
    input: {{ argv: [sh, -c, '{SLOW_ONCE}', "${{inputs.folder}}", low] }}
  nap: {{ wait: 300ms }}
  high:
    agent: process.run
    needs: [nap]
    priority: 10
    resources: {{ cpu: 1 }}
    input: {{ argv: [sh, -c, "true"] }}
"""


class SecondTest(SystemTest):
    def run_of(self, definition: str, *options):
        path = self.folder / "given.yaml"
        path.write_text(definition)
        done = troupe("run", path, "--id", "job", "--store", self.store, "--input", f"folder={self.folder}", "--allow-process",
                      "/bin/sh", *options)
        self.assert_exit(done, 0)
        return done

    def told(self, command: str, *more) -> dict:
        done = troupe(command, "job", *more, "--store", self.store, "--json")
        self.assert_exit(done, 0)
        return json.loads(done.stdout)

    def step(self, command: str, name: str) -> dict:
        return next(each for each in self.told(command)["steps"] if each["step"] == name)

    def check_replay(self):
        self.assert_exit(troupe("replay", "job", "--store", self.store), 0)

    def test_a_second_attempt_overtakes_the_first(self):
        done = self.run_of(SLOW, "--progress", "lines")
        self.assertIn("step slow[0] attempt 1 takes long; attempt 2 begins beside it", done.stderr)
        shown = self.step("show", "slow")
        self.assertEqual((shown["status"], shown["attempts"], shown["second_attempts"]), ("completed", 2, 1))
        self.assertIn("1 second attempt", troupe("show", "job", "--store", self.store).stdout)
        explained = self.step("explain", "slow")
        first, second = explained["attempts"]
        self.assertEqual((first["outcome"], second["outcome"], second["beside"]), ("superseded", "completed", 1))
        self.assertEqual(second["beside_allowed_seconds"], 0.2)
        self.assertGreaterEqual(second["beside_ran_seconds"], 0.2)
        self.assertIn("superseded_attempts", [each["why"] for each in explained["phases"]])
        self.assertIn("beside attempt 1, which had run", troupe("explain", "job", "slow", "--store", self.store).stdout)
        page = self.folder / "run.html"
        self.assert_exit(troupe("explain", "job", "--html", page, "--store", self.store), 0)
        self.assertIn("attempt 2, completed, begun beside attempt 1", page.read_text())
        self.assertIn("attempt 1, superseded", page.read_text())
        self.check_replay()
        costs = troupe("costs", "--store", self.store, "--json")
        self.assert_exit(costs, 0)
        self.assertNotIn("60", [str(each) for each in costs.stdout.split()])

    def test_a_place_is_given_up_for_a_step_of_a_higher_priority(self):
        done = self.run_of(URGENT, "--resources", "cpu=1", "--progress", "lines")
        self.assertIn("step low[0] attempt 1 gave its place to job/high/0", done.stderr)
        shown = self.step("show", "low")
        self.assertEqual((shown["status"], shown["attempts"], shown["preemptions"]), ("completed", 2, 1))
        explained = self.step("explain", "low")
        self.assertEqual([each["outcome"] for each in explained["attempts"]], ["preempted", "completed"])
        self.assertEqual(explained["attempts"][0]["needed_by"], "job/high/0")
        self.assertIn("its place was needed by job/high/0", troupe("explain", "job", "low", "--store", self.store).stdout)
        self.check_replay()

    def test_mistakes_are_named_with_their_place(self):
        path = self.folder / "bad.yaml"
        path.write_text("name: bad\nsteps:\n  a: { wait: 1s, speculate: { after: 2x } }\n  b: { agent: files.list, input: { folder: x }, "
                        "speculate: { after: 0.5x } }\n  c: { wait: 1s, preemptible: true }\n")
        done = troupe("run", path, "--store", self.store)
        self.assertEqual(done.returncode, 2, done.stderr)
        for words in ("bad.yaml:3:18: error: only attempts of agents can have a second one", "bad.yaml:4:", "from 1x to 1000x",
                      "bad.yaml:5:18: error: only attempts of agents hold a place"):
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Where a run's time went, from its history alone: troupe explain, and what show and run say of it."""

import json
import pathlib
import unittest

from support import SystemTest, troupe

SLEEPS = """name: sleeps
steps:
  first: {{ agent: process.run, resources: {{ cpu: 1 }}, input: {{ argv: [sleep, '0.3'] }} }}
  second: {{ agent: process.run, resources: {{ cpu: 1 }}, input: {{ argv: [sleep, '0.3'] }} }}
  last: {{ agent: process.run, needs: [first, second], input: {{ argv: [{last}] }}{more} }}
"""


class ExplainTest(SystemTest):
    def run_sleeps(self, last: str = "'true'", more: str = "", code: int = 0, *options):
        path = self.folder / "sleeps.yaml"
        path.write_text(SLEEPS.format(last=last, more=more))
        done = troupe("run", path, "--id", "job", "--store", self.store, "--resources", "cpu=1", "--allow-process", "/usr/bin/sleep",
                      "--allow-process", "/usr/bin/true", "--allow-process", "/usr/bin/false", "--progress", "none", *options)
        self.assert_exit(done, code)
        return done

    def explain(self, *arguments, code: int = 0):
        done = troupe("explain", *arguments, "--store", self.store)
        self.assert_exit(done, code)
        return done

    def explained(self, *arguments) -> dict:
        return json.loads(self.explain("job", *arguments, "--json").stdout)

    def test_the_bound_and_the_gap_of_a_finished_run(self):
        out = self.run_sleeps().stdout
        self.assertIn("Took ", out)
        self.assertIn("at least ", out)
        self.assertIn("Gap ", out)
        told = self.explained()
        self.assertTrue(told["measured"])
        self.assertEqual(told["bound"]["binds"], "work")  # both want the one core
        self.assertEqual(told["bound"]["work"]["resource"], "cpu")
        self.assertGreaterEqual(told["bound"]["seconds"], 0.6)
        self.assertLessEqual(told["bound"]["seconds"], told["seconds"])
        parts = told["gap"]["parts"]
        self.assertAlmostEqual(sum(p["seconds"] for p in parts), told["seconds"] - told["bound"]["seconds"], places=6)
        steps = {s["step"]: s for s in told["steps"]}
        waited = [s["attempts"][0].get("missing") for s in (steps["first"], steps["second"])]
        self.assertIn(["cpu"], waited)
        self.assertIn(steps["last"]["after"], ("first", "second"))
        self.assertTrue(steps["last"]["attempts"][0]["node"])
        shown = troupe("show", "job", "--store", self.store).stdout
        self.assertIn("at least ", shown)
        self.assertEqual(json.loads(troupe("show", "job", "--store", self.store, "--json").stdout)["insight"]["bound"],
                         told["bound"])

    def test_failed_attempts_and_back_off_are_named(self):
        self.run_sleeps("'false'", ", retry: { maximum_attempts: 2, initial_interval: 200ms }", 1)
        out = self.explain("job", "last").stdout
        self.assertIn("attempt 1: ", out)
        self.assertIn("[process.exit]", out)
        self.assertIn("back-off between attempts", out)
        self.assertNotIn("first:", out)
        kinds = {p["why"] for p in self.explained()["gap"]["parts"]}
        self.assertLessEqual({"failed_attempts", "back_off"}, kinds)

    def test_an_open_run_says_what_it_waits_for_and_for_how_long(self):
        path = self.folder / "ask.yaml"
        path.write_text("name: ask\nsteps:\n  ask: { signal: ask }\n  then: { wait: 1s, needs: [ask] }\n")
        with self.start_run(path, "--id", "job", until="step ask[0] waits for a signal") as process:
            steps = {s["step"]: s["waits"] for s in self.explained("--alarm-after", "1ms")["steps"]}
            self.assertEqual((steps["ask"]["why"], steps["ask"]["for"], steps["ask"]["alarm"]), ("signal", ["ask"], True))
            self.assertEqual((steps["then"]["why"], steps["then"]["for"]), ("dependencies", ["ask"]))
            self.assertFalse({s["step"]: s["waits"] for s in self.explained("--alarm-after", "1h")["steps"]}["ask"]["alarm"])
            self.assertIn("ALARM", self.explain("job", "--alarm-after", "1ms").stdout)
            process.kill()

    def test_the_page_is_one_file(self):
        self.run_sleeps()
        page = self.folder / "run.html"
        self.explain("job", "--html", page)
        text = page.read_text(encoding="utf-8")
        self.assertTrue(text.startswith("<!DOCTYPE html>"))
        self.assertNotIn("<script", text)
        self.assertNotIn("http://", text)
        for words in ("Where the time went", "class=\"bound\"", "second", "Attempts"):
            self.assertIn(words, text)
        self.assertFalse(pathlib.Path(f"{page}.part").exists())
        refused = self.explain("job", "--html", self.folder / "no" / "run.html", code=1)
        self.assertIn("cannot write", refused.stderr)

    def test_wrong_arguments_say_why(self):
        self.run_sleeps()
        self.assertIn("has no 'third'", self.explain("job", "third", code=2).stderr)
        self.assertIn("has no 'first[7]'", self.explain("job", "first[7]", code=2).stderr)
        self.assertIn("STEP[INDEX]", self.explain("job", "first[x", code=2).stderr)
        self.assertIn("no duration", self.explain("job", "--alarm-after", "soon", code=2).stderr)
        self.assertIn("nobody", self.explain("nobody", code=1).stderr)


if __name__ == "__main__":
    unittest.main()

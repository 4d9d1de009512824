#!/usr/bin/env python3
"""The load of `tools/chaos --repeats`, briefly: a process with 100 runs in flight is killed, and at most as many effects are
repeated as its setting says. Option: --store sqlite|postgresql."""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import unittest

from support import ROOT, SystemTest, json_lines, troupe

sys.path.insert(0, str(ROOT / "tools" / "lib"))
sys.dont_write_bytecode = True
import repeats

STORE = "sqlite"
DRIVER = ROOT / "tools" / "lib" / "repeats.py"


class RepeatsTest(SystemTest):
    def driver(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(DRIVER), "--store", STORE, "--folder", str(self.folder), *map(str, arguments)],
                              capture_output=True, text=True, timeout=200)

    def test_at_most_so_many_are_repeated_as_the_setting_says(self):
        self.folder.chmod(0o755)  # a server has its files below
        seed = random.randrange(2**32)
        done = self.driver("--rounds", 2, "--passes", 1, "--settings", "1,4,unlimited", "--seed", seed, "--json")
        self.assert_exit(done, 0)
        one, four, unlimited = json_lines(done.stdout)
        print(f"seed {seed}:", [(each["max_uncommitted"], each["repeated"]) for each in (one, four, unlimited)])
        self.assertLessEqual(one["repeated_max"], 1)
        self.assertLessEqual(four["repeated_max"], 4)
        self.assertLessEqual(unlimited["repeated_max"], 100)  # one of each run
        for each in (one, four, unlimited):
            self.assertEqual((each["rounds"], each["effects"], each["lost"], each["store"]), (2, 500, 0, STORE))
            self.assertGreater(each["steps_per_second"], 0)
        self.assertEqual(list(self.folder.glob("evidence/*")), [])


class CheckTest(SystemTest):
    """What the driver would see of an engine that breaks its promises."""

    def check(self, lines: list, setting: int | None = 1) -> int:
        file = self.folder / "effects"
        file.write_text("".join(line + "\n" for line in lines))
        return repeats.Load(self.folder, setting, runs=2, steps=2).check(file)

    GOOD = ["w0/step-0/0 1", "w1/step-0/0 1", "w0/step-1/0 1", "w1/step-1/0 1"]

    def test_what_is_as_promised(self):
        self.assertEqual(self.check(self.GOOD), 0)
        self.assertEqual(self.check([*self.GOOD, "w1/step-1/0 2"]), 1)
        self.assertEqual(self.check([*self.GOOD, "w1/step-1/0 2", "w1/step-0/0 2"], None), 2)
        # An attempt before had none.
        self.assertEqual(self.check(["w0/step-0/0 3", *self.GOOD[1:]]), 0)

    def test_what_is_not(self):
        for lines, said in (
            (self.GOOD[1:], "1 effects are lost: w0/step-0/0"),
            ([*self.GOOD, "w1/step-1/0 2", "w1/step-0/0 2"], "2 effects were repeated, at most 1 may be"),
            ([*self.GOOD, "w1/step-1/0 1"], "a repeat of w1/step-1/0 cannot be told by its attempt: [1, 1]"),
            (["w0/step-0/0 0", *self.GOOD[1:]], "cannot be told"),
            ([*self.GOOD, "w7/step-0/0 1"], "effects of nobody: w7/step-0/0"),
            ([*self.GOOD, "w1/step-1/"], "effects:5: 'w1/step-1/' is no effect"),
        ):
            with self.subTest(said), self.assertRaises(repeats.Violation) as caught:
                self.check(lines)
            self.assertIn(said, str(caught.exception))

    def test_evidence_is_kept(self):
        file, kept = self.folder / "effects", self.folder / "evidence"
        file.write_text("w0/step-0/0 1\n")
        stores = repeats.SqliteStores(self.folder)
        with self.assertRaises(repeats.Violation) as caught, repeats.evidence(file, kept, stores), stores.new() as store:
            pathlib.Path(store.removeprefix("sqlite:")).write_text("runs")
            raise repeats.Violation("too many")
        (place,) = kept.iterdir()
        self.assertIn(str(place), str(caught.exception))
        self.assertEqual((place / "effects").read_text(), "w0/step-0/0 1\n")
        self.assertEqual((place / "store" / "runs.db").read_text(), "runs")
        with repeats.evidence(file, kept, stores):
            pass
        self.assertFalse(file.exists())

    def test_a_process_that_fails_is_named(self):
        load = repeats.Load(self.folder, None)
        with self.assertRaises(repeats.Violation) as caught:
            load.throughput(f"sqlite:{self.folder / 'runs.db'}", self.folder / "absent" / "effects")
        self.assertIn("absent/effects", str(caught.exception))

    def test_options(self):
        for arguments, said in ((["--settings", "0"], "'0' is neither"), (["--settings", "4,many"], "'many' is neither"),
                                (["--store", "redis"], "'redis' is no store"), (["--rounds", "0"], "no number from 1")):
            done = subprocess.run([sys.executable, str(DRIVER), *arguments], capture_output=True, text=True, timeout=60)
            self.assert_exit(done, 2)
            self.assertIn(said, done.stderr)


class BenchEffectsTest(SystemTest):
    """`troupe bench effects`, alone."""

    def bench(self, *arguments):
        return troupe("bench", "effects", "--store", self.store, "--runs", 7, "--steps", 3, *arguments)

    def test_effects_and_a_second_time(self):
        file = self.folder / "effects"
        done = self.bench("--file", file, "--max-uncommitted", 2, "--json")
        self.assert_exit(done, 0)
        (figure,) = json_lines(done.stdout)
        self.assertEqual((figure["name"], figure["unit"]), ("steps", "steps/s"))
        self.assertEqual(figure["settings"], {"runs": 7, "steps": 3, "max_uncommitted": 2})
        lines = file.read_text().splitlines()
        self.assertEqual(sorted(lines), sorted(f"w{run}/step-{step}/0 1" for run in range(7) for step in range(3)))
        again = self.bench("--file", file, "--json")
        self.assert_exit(again, 0)
        self.assertEqual([each["name"] for each in json_lines(again.stdout)], ["recovery"])
        self.assertEqual(file.read_text().splitlines(), lines)  # nothing is done twice

    def test_errors(self):
        self.assert_exit(troupe("bench", "effects", "--file", self.folder / "f"), 2)
        self.assert_exit(self.bench(), 2)
        self.assert_exit(self.bench("--file", self.folder / "f", "--max-uncommitted", 0), 2)
        gone = self.bench("--file", self.folder / "no" / "f")
        self.assert_exit(gone, 1)
        self.assertIn("cannot open", gone.stderr)
        if pathlib.Path("/dev/full").exists():
            full = self.bench("--file", "/dev/full")
            self.assert_exit(full, 1)
            self.assertIn("No space left on device", full.stderr)

    def test_a_run_may_be_bounded_too(self):
        job = self.folder / "job.yaml"
        step = {"agent": "process.run", "input": {"argv": ["sh", "-c", f'echo "$TROUPE_IDEMPOTENCY_KEY $TROUPE_ATTEMPT" >> {self.folder}/said']}}
        job.write_text(json.dumps({"name": "job", "max_uncommitted": 1, "steps": {"a": step, "b": step}}))
        done = troupe("run", job, "--store", self.store, "--id", "r", "--allow-process", "/bin/sh", "--max-uncommitted", 3)
        self.assert_exit(done, 0)
        self.assertEqual((self.folder / "said").read_text(), "r/a/0 1\nr/b/0 1\n")
        self.assert_exit(troupe("run", job, "--store", self.store, "--max-uncommitted", "none"), 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default=STORE)
    options, rest = parser.parse_known_args()
    STORE = options.store
    unittest.main(argv=[sys.argv[0], *rest])

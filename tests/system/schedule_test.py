#!/usr/bin/env python3
"""Schedules: when runs are due, what was missed, what overlaps, and two processes on one store."""

import contextlib
import datetime
import json
import pathlib
import signal
import sqlite3
import subprocess
import threading
import unittest

from support import ROOT, TROUPE, SystemTest, json_lines, troupe

QUICK = "name: quick\nsteps:\n  a: { wait: 1ms }\n"
SLOW = "name: slow\nsteps:\n  a: { wait: 1h }\n"


def stamp(minutes_ago: int) -> str:
    """Of a schedule that is due every minute: the id's end of the run that was due then."""
    now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes_ago)
    return now.strftime("%Y%m%dT%H%MZ")


class ScheduleTest(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "quick.yaml").write_text(QUICK)
        (self.folder / "slow.yaml").write_text(SLOW)

    def write(self, **schedules) -> pathlib.Path:
        path = self.folder / "schedules.yaml"
        path.write_text(json.dumps({"schedules": schedules}))
        return path

    def seed(self, name: str, minutes_ago: int, workflow: str = "quick") -> None:
        """A run as the schedule would have started it then."""
        done = troupe("run", self.folder / f"{workflow}.yaml", "--store", self.store, "--id", f"{name}.{stamp(minutes_ago)}")
        self.assert_exit(done, 0)

    def start(self, path: pathlib.Path) -> tuple:
        """@returns the process, and the events that it prints, as they come."""
        process = subprocess.Popen([str(TROUPE), "schedule", str(path), "--store", self.store, "--json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process, (json.loads(line) for line in process.stdout)

    def await_event(self, process, events, what: str) -> dict:
        stuck = threading.Timer(60, process.kill)
        stuck.start()
        self.addCleanup(stuck.cancel)
        for event in events:
            if event["event"] == what:
                stuck.cancel()
                return event
        return self.fail(f"no event '{what}': {process.stderr.read()}")

    def stop(self, process) -> None:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)

    def runs(self) -> dict:
        return {r["run"]: r["status"] for r in json_lines(troupe("ps", "--store", self.store, "--json").stdout)}

    def test_the_next_times_are_printed(self):
        path = self.write(a={"workflow": "quick.yaml", "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "jitter": "10m"},
                          b={"workflow": "quick.yaml", "cron": "@hourly"})
        done = troupe("schedule", path, "--dry-run", "--next", "3", "--json")
        self.assert_exit(done, 0)
        lines = json_lines(done.stdout)
        self.assertEqual([line["schedule"] for line in lines], ["a"] * 3 + ["b"] * 3)
        for line in lines:
            self.assertGreaterEqual(line["start"], line["due"])
            self.assertTrue(line["run"].startswith(line["schedule"] + "."))
        self.assertTrue(all(line["due"].endswith(":30:00.000Z") for line in lines[:3]))
        self.assertEqual(done.stdout, troupe("schedule", path, "--dry-run", "--next", "3", "--json").stdout)
        self.assertIn("b.", troupe("schedule", path, "--dry-run").stdout)
        done = troupe("schedule", ROOT / "examples" / "schedules.yaml", "--dry-run", "--next", "1")
        self.assertIn("nightly-redaction.", done.stdout)

    def test_a_missed_run_is_caught_up_with_once_by_two(self):
        path = self.write(job={"workflow": "quick.yaml", "cron": "* * * * *", "catch_up": "latest"})
        self.seed("job", 10)
        first, events = self.start(path)
        event = self.await_event(first, events, "started")
        self.assertTrue(event["missed"])
        self.await_event(first, events, "completed")
        second, _ = self.start(path)
        self.stop(first)
        self.stop(second)
        runs = self.runs()
        self.assertEqual(runs[event["run"]], "completed")
        # The latest one alone; one that became due meanwhile may have been started, too.
        self.assertIn(len(runs), (2, 3, 4))
        self.assertNotIn(f"job.{stamp(8)}", runs)

    def owner(self) -> str:
        """Who has the only run of the store."""
        with contextlib.closing(sqlite3.connect(self.folder / "runs.db")) as store:
            return store.execute("SELECT owner FROM runs").fetchone()[0]

    def test_a_run_that_was_interrupted_goes_on(self):
        path = self.write(job={"workflow": "slow.yaml", "cron": "0 0 1 1 *"})
        process = self.start_run(self.folder / "slow.yaml", "--id", "job.20260101T0000Z", until="waits until")
        process.kill()
        process.communicate()
        dead = self.owner()
        keeper, _ = self.start(path)
        self.wait_for(lambda: self.owner() != dead, "the keeper to take the run over")
        done = troupe("cancel", "job.20260101T0000Z", "--store", self.store)  # by who has it
        self.assert_exit(done, 0)
        self.assertEqual(self.runs(), {"job.20260101T0000Z": "cancelled"})
        self.stop(keeper)

    def test_mistakes_say_where(self):
        path = self.write(job={"workflow": "quick.yaml", "cron": "61 * * * *"})
        done = troupe("schedule", path, "--dry-run")
        self.assert_exit(done, 2)
        self.assertRegex(done.stderr, r"schedules.yaml:1:\d+: error: bad minute '61'")
        for schedule, words in (({"workflow": "none.yaml", "cron": "@daily"}, "none.yaml"),
                                ({"workflow": "quick.yaml", "cron": "@daily", "input": {"x": 1}}, "schedule 'job'")):
            done = troupe("schedule", self.write(job=schedule), "--store", self.store)
            self.assert_exit(done, 2)
            self.assertIn(words, done.stderr)
        self.assert_exit(troupe("schedule", self.folder / "nothing.yaml"), 2)
        self.assert_exit(troupe("schedule", path, "--next", "3"), 2)


if __name__ == "__main__":
    unittest.main()

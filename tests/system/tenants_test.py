#!/usr/bin/env python3
"""Tenants that share a node by weights from the command line."""

import datetime
import errno
import json
import os
import signal
import subprocess
import unittest

from support import TROUPE, SystemTest, json_lines, troupe

WORK = 16
#: Its runs begin when they are told to, and want the one core of the node sixteen times.
TENANT = {"name": "work", "steps": {
    "gate": {"signal": "go"},
    **{f"s{i:02}": {"agent": "process.run", "needs": ["gate"], "resources": {"cpu": 1}, "cost": "50ms",
                    "input": {"argv": ["sleep", "0.05"]}} for i in range(WORK)}}}


def stamped(name: str) -> str:
    """The id of the run that a schedule of this name started at the beginning of the year."""
    return f"{name}.20260101T0000Z"


class TenantsTest(SystemTest):
    RUN = ("--resources", "cpu=1", "--allow-process", "/usr/bin/sleep", "--allow-process", "/usr/bin/cat")

    def write(self, name: str, definition: dict) -> str:
        path = self.folder / name
        path.write_text(json.dumps(definition))
        return path

    def leave_open(self, name: str, path, tenant: str) -> None:
        """A run of this tenant that waits to be told to begin, and that nobody has at work."""
        process = self.start_run(path, "--id", stamped(name), "--tenant", tenant, *self.RUN, until="waits for a signal")
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def tell(self, name: str) -> None:
        self.assert_exit(troupe("signal", stamped(name), "go", "--store", self.store), 0)

    def progress(self, name: str) -> dict:
        return json.loads(troupe("query", stamped(name), "progress", "--store", self.store).stdout)

    def reader_of(self, fifo):
        """The end to be written, once somebody reads the other one."""
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as why:
            self.assertEqual(why.errno, errno.ENXIO)
            return None

    def starts(self) -> str:
        """The tenants' names in the order in which their attempts were started, one after the other on one core."""
        started = []
        for name in "ab":
            told = json.loads(troupe("explain", stamped(name), "--store", self.store, "--json").stdout)
            begun = datetime.datetime.fromisoformat(told["started"].replace("Z", "+00:00")).timestamp()
            started += [(begun + step["attempts"][0]["started"], name) for step in told["steps"] if step["step"] != "gate"]
        return "".join(name for _, name in sorted(started))

    def work_with(self, *weights) -> str:
        work = self.write("work.yaml", TENANT)
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        hold = self.write("hold.yaml", {"name": "hold", "steps": {
            "gate": {"signal": "go"},
            "hold": {"agent": "process.run", "needs": ["gate"], "resources": {"cpu": 1}, "input": {"argv": ["cat", str(fifo)]}}}})
        schedules = {name: {"workflow": "work.yaml" if name in "ab" else "hold.yaml", "cron": "0 0 1 1 *"} for name in ("a", "b", "hold")}
        for name, path in (("hold", hold), ("a", work), ("b", work)):
            self.leave_open(name, path, name)
        keeper = subprocess.Popen([str(TROUPE), "schedule", str(self.write("schedules.yaml", {"schedules": schedules})), "--store",
                                   self.store, *self.RUN, *weights], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(keeper.communicate)
        self.addCleanup(keeper.kill)
        self.tell("hold")
        end = self.wait_for(lambda: self.reader_of(fifo), "the core to be held")
        for name in "ab":
            self.tell(name)
            self.wait_for(lambda n=name: sum(s.get("running", 0) for s in self.progress(n).values()) == WORK, "all to be wanted")
        os.close(end)
        self.wait_for(lambda: [r["status"] for r in json_lines(troupe("ps", "--store", self.store, "--json").stdout)] == ["completed"] * 3,
                      "the runs to end", 60)
        keeper.send_signal(signal.SIGTERM)
        self.assertEqual(keeper.wait(60), 130)
        return self.starts()

    def test_weights_give_shares(self):
        # Three quarters of the first sixteen. How long an attempt takes counts, so one more or less may be a's.
        started = self.work_with("--tenant-weight", "a=3", "--tenant-weight", "b=1")
        self.assertIn(started[:WORK].count("a"), (11, 12, 13), started)

    def test_without_weights_the_shares_are_equal(self):
        started = self.work_with()
        self.assertIn(started[:WORK].count("a"), (7, 8, 9), started)

    def test_mistakes_are_usage_errors(self):
        path = self.write("job.yaml", {"name": "job", "steps": {"a": {"wait": "1ms"}}})
        for given, words in ((["a"], "write NAME=WEIGHT"), (["a=x"], "'x' is no number"), (["a="], "'' is no number"),
                             (["a=1x"], "'1x' is no number"), (["a=0"], "more than 0"), (["a=-1"], "more than 0"),
                             (["a=nan"], "more than 0"), (["a=inf"], "out of range"), (["a=1e9"], "from 0.001 to 1000"),
                             (["a b=1"], "no tenant is called so"), (["a=1", "a=2"], "has a weight already")):
            options = [word for each in given for word in ("--tenant-weight", each)]
            for command in (["run", path], ["schedule", self.folder / "none.yaml"]):
                done = troupe(*command, "--store", self.store, *options)
                self.assert_exit(done, 2)
                self.assertIn(words, done.stderr)
        done = troupe("run", path, "--store", self.store, "--tenant-weight", "=2", "--tenant-weight", "b=0.5")
        self.assert_exit(done, 0)

    def test_a_schedule_says_for_whom_its_runs_are(self):
        self.write("job.yaml", {"name": "job", "steps": {"a": {"wait": "1ms"}}})
        then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
        self.assert_exit(troupe("run", self.folder / "job.yaml", "--store", self.store, "--id", then.strftime("job.%Y%m%dT%H%MZ")), 0)
        path = self.write("schedules.yaml", {"schedules": {
            "job": {"workflow": "job.yaml", "cron": "* * * * *", "catch_up": "latest", "tenant": "acme"}}})
        keeper = subprocess.Popen([str(TROUPE), "schedule", str(path), "--store", self.store, "--json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(keeper.communicate)
        self.addCleanup(keeper.kill)
        run = json.loads(keeper.stdout.readline())["run"]
        self.assertEqual(json.loads(troupe("show", run, "--store", self.store, "--json").stdout)["tenant"], "acme")


if __name__ == "__main__":
    unittest.main()

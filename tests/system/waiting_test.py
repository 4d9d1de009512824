#!/usr/bin/env python3
"""Steps that wait for a time or for a signal, through the end of the process that has the run."""

import json
import signal
import subprocess
import time
import unittest

from support import ROOT, SystemTest, troupe, write_documents

APPROVE = ROOT / "examples" / "approve-folder.yaml"


class WaitingTest(SystemTest):
    def setUp(self):
        super().setUp()
        write_documents(self.folder / "in", 3)

    def start_approval(self) -> subprocess.Popen:
        return self.start_run(APPROVE, "--id", "job", "--input", f"folder={self.folder / 'in'}", "--input",
                          f"output={self.folder / 'out'}", until="step approve[0] waits for a signal")

    def send(self, *arguments, code: int = 0, **options) -> subprocess.CompletedProcess:
        done = troupe("signal", *arguments, "--store", self.store, **options)
        self.assert_exit(done, code)
        return done

    def published(self) -> int:
        return len(list((self.folder / "out" / "published").glob("*"))) if (self.folder / "out" / "published").exists() else 0

    def summary(self, *more) -> dict:
        return json.loads(troupe("show", "job", "--store", self.store, "--json", *more).stdout)

    def test_a_run_at_work_takes_the_signal_up(self):
        with self.start_approval() as process:
            self.assertEqual(self.published(), 0)
            self.assertEqual({s["step"]: s["status"] for s in self.summary()["steps"]}["approve"], "waiting")
            told = json.loads(self.send("job", "approve", "--data", '{"approved": true, "by": "Ada"}', "--json").stdout)
            self.assertEqual(told, {"run": "job", "signal": "approve", "status": "kept"})
            out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("signal approve received", err)
        self.assertEqual(self.published(), 3)
        received = [e["signalReceived"] for e in self.summary("--history")["history"] if "signalReceived" in e]
        self.assertEqual([r["payload"]["by"] for r in received], ["Ada"])

    def test_a_killed_run_is_told_while_nobody_has_it(self):
        with self.start_approval() as process:
            process.kill()
        self.send("job", "approve", "--data", "-", "--id", "mail-1", stdin='{"approved": true}')
        self.send("job", "approve", "--data", "-", "--id", "mail-1", stdin='{"approved": false}')  # the first counts
        resumed = troupe("run", "--resume", "job", "--store", self.store)
        self.assert_exit(resumed, 0)
        self.assertEqual(self.published(), 3)
        self.assertIn("has ended", self.send("job", "approve", code=1).stderr)

    def test_refused_means_not_published(self):
        with self.start_approval() as process:
            self.send("job", "approve")
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.published(), 0)
        self.assertEqual(sum(s["status"] == "skipped" for s in self.summary()["steps"]), 3)

    def test_wrong_signals_say_why(self):
        with self.start_approval() as process:
            process.kill()
        for arguments, words in ((("job", "aprove"), "it awaits approve"),
                                 (("job", "approve", "--data", '{"aproved": true}'), "aproved"),
                                 (("job", "approve", "--data", "{"), "troupe.v1.Approval"),
                                 (("job", "approve", "--id", "a b"), "id of a signal"),
                                 (("nobody", "approve"), "nobody")):
            self.assertIn(words, self.send(*arguments, code=1).stderr)
        self.assertIn("262145 bytes", self.send("job", "approve", "--data", "-", stdin=" " * 300_000, code=1).stderr)
        self.assert_exit(troupe("signal", "job", "--store", self.store), 2)

    def test_ctrl_c_ends_the_wait_and_the_run_goes_on_later(self):
        with self.start_approval() as process:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.summary()["status"], "running")

    def test_a_timer_counts_from_when_it_began(self):
        path = self.folder / "nap.yaml"
        path.write_text("name: nap\nsteps: { nap: { wait: 4s } }\n")
        began = time.monotonic()
        with self.start_run(path, "--id", "job", until="step nap[0] waits until") as process:
            process.kill()
        resumed = troupe("run", "--resume", "job", "--store", self.store)
        self.assert_exit(resumed, 0)
        self.assertGreater(time.monotonic() - began, 3.5)
        events = {next(k for k in e if k not in ("sequence", "time")): e["time"] for e in self.summary("--history")["history"]}
        due = [e["stepWaiting"]["dueTime"] for e in self.summary("--history")["history"] if "stepWaiting" in e]
        self.assertGreaterEqual(events["timerFired"], due[0])
        self.assertEqual(self.summary()["steps"][0]["status"], "completed")


if __name__ == "__main__":
    unittest.main()

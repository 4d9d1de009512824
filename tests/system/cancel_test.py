#!/usr/bin/env python3
"""How runs end otherwise than by their last step: `troupe cancel`, at work in another process or nowhere, and conditions that skip steps."""

import json
import subprocess
import unittest

from support import TROUPE, WORKFLOW, SystemTest, json_lines, troupe, write_documents


class CancelTest(SystemTest):
    def start_until_it_waits(self, *arguments) -> subprocess.Popen:
        """Starts a run that waits an hour for its second attempt, and sees it do so."""
        path = self.folder / "wait.yaml"
        path.write_text("name: wait\nsteps:\n  get:\n    agent: files.read\n"
                        "    retry: { maximum_attempts: 2, initial_interval: 1h, maximum_interval: 1h }\n"
                        "    input: { path: /proc/self/mem, name: x }\n")  # is there, but cannot be read: worth a retry
        command = [TROUPE, "run", path, "--store", self.store, "--progress", "lines", *arguments]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if "will try again" in line:
                return process
        return self.fail(f"it ended: {process.communicate()}")

    def cancel(self, run: str, *more, code: int = 0) -> subprocess.CompletedProcess:
        done = troupe("cancel", run, "--store", self.store, *more)
        self.assert_exit(done, code)
        return done

    def assert_cancelled(self, run: str, reason: str) -> None:
        shown = json.loads(troupe("show", run, "--store", self.store, "--json", "--history").stdout)
        self.assertEqual((shown["status"], shown["reason"]), ("cancelled", reason))
        self.assertEqual(shown["history"][-1]["runCancelled"], {"reason": reason} if reason else {})
        self.assertIn(f"Cancelled: {reason}" if reason else "cancelled", troupe("show", run, "--store", self.store).stdout)
        (listed,) = json_lines(troupe("ps", "--store", self.store, "--status", "cancelled", "--json").stdout)
        self.assertEqual(listed["run"], run)

    def test_a_run_of_another_process_ends_and_says_why(self):
        with self.start_until_it_waits("--id", "job") as process:
            told = json.loads(self.cancel("job", "--reason", "wrong folder", "--json").stdout)
            self.assertEqual(told, {"run": "job", "status": "cancelled", "reason": "wrong folder"})
            out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn("run job was cancelled: wrong folder", err)
        self.assertIn("cancelled", out)
        self.assert_cancelled("job", "wrong folder")

    def test_a_run_that_nobody_has_is_closed_at_once(self):
        with self.start_until_it_waits("--id", "job") as process:
            process.kill()
        self.assertIn("run job was cancelled", self.cancel("job").stdout)
        self.assert_cancelled("job", "")
        for refused in (troupe("run", "--resume", "job", "--store", self.store), self.cancel("job", code=1)):
            self.assert_exit(refused, 1)
            self.assertIn("cancelled", refused.stderr)

    def test_a_cancelled_run_is_not_continued(self):
        with self.start_until_it_waits("--id", "job") as process:
            process.kill()
        self.cancel("job")
        with self.start_until_it_waits("--continue") as process:  # a new one
            process.kill()
        runs = {r["run"]: r["status"] for r in json_lines(troupe("ps", "--store", self.store, "--json").stdout)}
        self.assertEqual(len(runs), 2)
        self.assertEqual(runs["job"], "cancelled")

    def test_closed_and_unknown_runs_are_refused(self):
        write_documents(self.folder / "in", 1)
        self.assert_exit(troupe(*self.run_arguments(self.folder / "in", self.folder / "out", "--id", "done")), 0)
        self.assertIn("run 'done' has ended", self.cancel("done", code=1).stderr)
        self.assertIn("nobody", self.cancel("nobody", code=1).stderr)
        self.assertIn("1001 bytes", self.cancel("done", "--reason", "x" * 1001, code=1).stderr)
        self.assert_exit(troupe("cancel", "done", "--store", f"sqlite:{self.folder / 'none.db'}"), 1)
        self.assertFalse((self.folder / "none.db").exists())


class WhenTest(SystemTest):
    def test_skipped_steps_are_shown_everywhere(self):
        write_documents(self.folder / "in", 3)
        bound = "    parallelism: 8\n    input: { path"
        text = WORKFLOW.read_text()
        self.assertIn(bound, text)
        path = self.folder / "when.yaml"
        path.write_text(text.replace(bound, "    when: ${item.name} != 'document-0001.txt'\n" + bound))
        ran = troupe("run", path, "--store", self.store, "--id", "job", "--priority", "3", "--progress", "lines",
                     "--input", f"folder={self.folder / 'in'}", "--input", f"output={self.folder / 'out'}")
        self.assert_exit(ran, 0)
        for step in ("read", "extract", "redact", "write"):
            self.assertIn(f"step {step}[1] skipped", ran.stderr)
        shown = troupe("show", "job", "--store", self.store).stdout
        self.assertIn("its condition is false: ${item.name} != 'document-0001.txt'", shown)
        self.assertIn("it reads step 'read', which was skipped", shown)
        for text in (shown, ran.stdout):
            self.assertIn("10 of 14 steps done, 4 skipped", text)
        summary = json.loads(troupe("show", "job", "--store", self.store, "--json").stdout)
        self.assertEqual(summary["priority"], 3)
        self.assertEqual(sum(s["status"] == "skipped" for s in summary["steps"]), 4)
        report = json.loads((self.folder / "out" / "report.json").read_text())
        self.assertEqual(len(report["documents"]), 2)
        self.assertIn("skipped", (self.folder / "out" / "report.html").read_text())


if __name__ == "__main__":
    unittest.main()

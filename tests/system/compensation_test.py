#!/usr/bin/env python3
"""Runs that undo what they have done when they fail or are cancelled, through the end of the process that has them."""

import collections
import json
import subprocess
import unittest

from support import ROOT, TROUPE, SystemTest, troupe, write_documents

PUBLISH = ROOT / "examples" / "publish-folder.yaml"
DOCUMENTS = 4


class CompensationTest(SystemTest):
    def setUp(self):
        super().setUp()
        write_documents(self.folder / "in", DOCUMENTS)

    def start(self, definition=PUBLISH, until: str = "step confirm[0] waits for a signal") -> subprocess.Popen:
        return self.start_run(definition, "--id", "job", "--input", f"folder={self.folder / 'in'}", "--input",
                              f"output={self.folder / 'out'}", until=until)

    def published(self) -> list:
        return [path.read_text("utf-8") for path in sorted((self.folder / "out" / "published").glob("*"))]

    def show(self, *more) -> dict:
        return json.loads(troupe("show", "job", "--store", self.store, "--json", *more).stdout)

    def assert_withdrawn(self, status: str = "cancelled") -> None:
        self.assertEqual(len(self.published()), DOCUMENTS)
        for text in self.published():
            self.assertRegex(text, r"^Withdrawn\. It had \d+ bytes\.\n$")
        run = self.show()
        self.assertEqual(run["status"], status)
        undone = [s["compensation"]["status"] for s in run["steps"] if "compensation" in s]
        self.assertEqual(undone, ["completed"] * DOCUMENTS)
        order = collections.defaultdict(list)
        for event in self.show("--history")["history"]:
            attempt = event.get("stepCompleted", {}).get("attempt", {})
            if attempt.get("step") == "publish":
                order[attempt.get("compensation", False)].append(attempt.get("index", 0))
        self.assertEqual(order[True], order[False][::-1])

    def test_a_confirmed_run_stays(self):
        with self.start() as process:
            self.assert_exit(troupe("signal", "job", "confirm", "--store", self.store), 0)
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertFalse([text for text in self.published() if "Withdrawn" in text])

    def test_a_cancelled_run_is_undone_by_the_process_that_has_it(self):
        with self.start() as process:
            done = troupe("cancel", "job", "--reason", "too soon", "--store", self.store, "--json")
            self.assert_exit(done, 0)
            self.assertIn(json.loads(done.stdout)["status"], ("cancelled", "compensating"))
            _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn("run undoes what it has done", err)
        self.assertIn("run job was cancelled: too soon", err)
        self.assert_withdrawn()

    def test_a_failed_run_is_undone(self):
        brief = self.folder / "brief.yaml"
        brief.write_text(PUBLISH.read_text("utf-8").replace("24h", "1s"), "utf-8")
        with self.start(brief) as process:
            _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn("workflow.timeout", err)
        self.assert_withdrawn("failed")

    def test_a_killed_run_is_undone_by_who_takes_it_over(self):
        with self.start() as process:
            process.kill()
        done = troupe("cancel", "job", "--store", self.store, "--json")
        self.assert_exit(done, 0)
        self.assertEqual(json.loads(done.stdout)["status"], "compensating")
        self.assertFalse([text for text in self.published() if "Withdrawn" in text])
        resumed = troupe("run", "--resume", "job", "--store", self.store)
        self.assert_exit(resumed, 1)
        self.assertIn("run job was cancelled", resumed.stderr)
        self.assert_withdrawn()

    def test_killed_while_it_undoes(self):
        with self.start() as process:
            self.assert_exit(troupe("cancel", "job", "--store", self.store), 0)
            process.kill()
        kills = 0
        while self.show()["status"] != "cancelled":
            self.assertLess(kills, 50)
            process = subprocess.Popen([str(TROUPE), "run", "--resume", "job", "--store", self.store, "--progress", "lines"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            with process:
                for line in process.stderr:
                    if "compensation of publish" in line:
                        process.kill()
            kills += 1
        self.assert_withdrawn()
        shown = troupe("show", "job", "--store", self.store).stdout
        self.assertEqual(shown.count(" undone "), DOCUMENTS)
        listed = troupe("ps", "--store", self.store, "--status", "compensating", "--json")
        self.assertEqual(listed.stdout, "")


if __name__ == "__main__":
    unittest.main()

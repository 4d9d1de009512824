#!/usr/bin/env python3
"""What comes of steps that fail for good: the run goes on without them where its definition says so."""

import json
import unittest

from support import ROOT, SystemTest, troupe, write_documents

TOLERANT = ROOT / "examples" / "tolerant-folder.yaml"


class FailureTest(SystemTest):
    def run_job(self, definition, *more, code: int = 0) -> dict:
        done = troupe("run", definition, "--store", self.store, "--id", "job", "--input", f"folder={self.folder / 'in'}",
                      "--input", f"output={self.folder / 'out'}", "--json", *more)
        self.assert_exit(done, code)
        return json.loads(done.stdout)

    def statuses(self, run: dict, step: str) -> list:
        return [each["status"] for each in run["steps"] if each["step"] == step]

    def test_what_cannot_be_read_is_left_out(self):
        write_documents(self.folder / "in", 3)
        (self.folder / "in" / "document-0001.txt").write_text("far too long\n" * 10_000)
        run = self.run_job(TOLERANT)
        self.assertEqual(run["status"], "completed")
        self.assertEqual(self.statuses(run, "read"), ["completed", "failed", "completed"])
        self.assertEqual(self.statuses(run, "redact"), ["completed", "skipped", "completed"])
        report = json.loads((self.folder / "out" / "report.json").read_text("utf-8"))
        self.assertEqual([d["name"] for d in report["documents"]], ["document-0000.txt", "document-0002.txt"])
        shown = troupe("show", "job", "--store", self.store).stdout
        self.assertIn("2 skipped, 1 failed", shown)
        self.assertIn("it reads step 'read', which failed", shown)

    def test_a_reply_stands_for_the_one_that_did_not_come(self):
        write_documents(self.folder / "in", 2)
        (self.folder / "out").mkdir()
        (self.folder / "out" / "redacted").write_text("a file where the folder should be")
        run = self.run_job(TOLERANT)
        self.assertEqual(self.statuses(run, "write"), ["completed", "completed"])
        self.assertTrue(all("failure" in each for each in run["steps"] if each["step"] == "write"))
        self.assertEqual(self.statuses(run, "report"), ["completed"])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""A great many files: `troupe ner FILES...` and a workflow that lists and reads a folder, in bounded time and memory.

In CTest 5,000 files; `many_files_test.py --full` takes 100,000, which is the most that files.list answers with."""

import json
import os
import sys
import time
import unittest

from support import SystemTest, troupe, troupe_measured
from tiny_model import write_model

FILES = 5_000
FULL_FILES = 100_000
MOST_PEAK = 600_000_000
READ = """name: read
version: '1'
inputs: { folder: string }
steps:
  list: { agent: files.list, input: { folder: "${inputs.folder}" } }
  read: { agent: files.read, for_each: "${steps.list.files}", input: { path: "${item.path}" } }
"""


class ManyFiles(SystemTest):
    count = FILES

    def setUp(self):
        super().setUp()
        self.documents = self.folder / "in"
        self.documents.mkdir()
        for i in range(self.count):
            (self.documents / f"{i:06}.txt").write_text(f"Anna read report {i}.\n")

    def measured(self, what: str, *command) -> list:
        """The lines that the command prints. Its time and its largest resident size are printed, the latter is checked."""
        began, output = time.monotonic(), self.folder / "printed"
        code, peak, said = troupe_measured(*command, output=output, cwd=self.documents)
        print(f"{what}, {self.count} files: peak {peak / 1e6:.1f} MB, {time.monotonic() - began:.1f} s", flush=True)
        self.assertEqual((code, said), (0, ""))
        self.assertLess(peak, MOST_PEAK)
        return output.read_text().splitlines()

    def test_named_on_the_command_line(self):
        model = write_model(self.folder / "model")
        names = sorted(os.listdir(self.documents))
        for unit in ("line", "file"):
            lines = self.measured(f"ner --by {unit}", "ner", "--model", model, "--by", unit, *names)
            self.assertEqual([json.loads(line)["text"].strip() for line in lines],
                             [f"Anna read report {i}." for i in range(self.count)])

    def test_listed_and_read_by_a_workflow(self):
        definition = self.folder / "read.yaml"
        definition.write_text(READ)
        self.measured("run", "run", definition, "--input", f"folder={self.documents}", "--id", "job", "--store", self.store,
                      "--progress", "none")
        shown = json.loads(troupe("show", "job", "--store", self.store, "--json").stdout)
        self.assertEqual((shown["status"], len(shown["steps"])), ("completed", self.count + 1))


class TooManyFiles(SystemTest):
    @unittest.skipUnless("--full" in sys.argv, "only with --full: makes 100,001 files")
    def test_more_than_the_limit_is_refused_before_work_begins(self):
        documents = self.folder / "in"
        documents.mkdir()
        for i in range(FULL_FILES + 1):
            (documents / f"{i:06}.txt").touch()
        done = troupe(*self.run_arguments(documents, self.folder / "out"), timeout=300)
        self.assert_exit(done, 1)
        self.assertRegex(done.stderr, "holds more than 100000 matching files; list parts of it or narrow the patterns")
        self.assertFalse((self.folder / "out").exists())


if __name__ == "__main__":
    if "--full" in sys.argv:
        ManyFiles.count = FULL_FILES
    unittest.main(argv=[argument for argument in sys.argv if argument != "--full"])

#!/usr/bin/env python3
"""Ctrl-C and closed pipes in the middle of the work: how each command ends, and what it says."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

from support import ROOT, TROUPE, SystemTest, json_lines, troupe, write_documents
from tiny_model import write_model, write_text

MODELS = ROOT / "models"
BROKEN_PIPE = 141
SECONDS = 20


class Signals(SystemTest):
    def setUp(self):
        super().setUp()
        self.model = write_model(self.folder / "model")
        self.text = write_text(self.folder / "text.txt", 4_000_000)

    def start(self, *command, stdout=subprocess.PIPE) -> subprocess.Popen:
        process = subprocess.Popen([str(TROUPE), *map(str, command)], stdin=subprocess.DEVNULL, stdout=stdout,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def interrupt(self, process: subprocess.Popen, by=signal.SIGINT) -> tuple:
        """@returns what is left on standard output, and all of standard error. Not `communicate`: it leaves out what
        was read ahead."""
        process.send_signal(by)
        rest, said = process.stdout.read(), process.stderr.read()
        process.wait(timeout=SECONDS)
        return rest, said

    def await_word(self, process: subprocess.Popen, word: str) -> str:
        for line in process.stderr:
            if word in line:
                return line
        self.fail(f"awaited '{word}'")

    def test_interrupted_by_line_only_whole_answers_are_printed(self):
        process = self.start("ner", "--model", self.model, self.text)
        first = process.stdout.readline()
        rest, said = self.interrupt(process)
        self.assertEqual(process.returncode, 130, said)
        self.assertEqual(said, "troupe: interrupted\n")
        self.assertLess(len(json_lines(first + rest)), self.text.read_text().count("\n"))

    def test_interrupted_by_file_within_the_text(self):
        process = self.start("ner", "--by", "file", "--model", self.model, self.text)
        begun = process.stdout.read(1000)
        self.assertTrue(begun.startswith('{"text":"'))
        rest, said = self.interrupt(process)
        self.assertEqual(process.returncode, 130, said)
        self.assertEqual(said, "troupe: interrupted\n")
        self.assertNotIn('"entities"', rest)

    def test_a_second_signal_ends_what_still_waits(self):
        # Nobody reads: the first signal ends the work, and what is printed already waits for a reader.
        process = self.start("ner", "--model", self.model, self.text)
        # Blocked in write(1, ...): a signal just before that would be taken note of only after it.
        limit, call = time.monotonic() + SECONDS, pathlib.Path(f"/proc/{process.pid}/syscall")
        while not call.read_text().startswith("1 0x1 "):
            self.assertLess(time.monotonic(), limit, "awaited a full pipe")
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.await_word(process, "interrupted"), "troupe: interrupted\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=SECONDS), 130)

    def test_a_run_stops_with_a_hint_and_a_second_signal_forces(self):
        documents = self.folder / "documents"
        write_documents(documents, 3)
        (documents / "long.txt").write_text("Jonas Weber came to Oslo. " * 60_000)  # a step of half a minute
        process = self.start(*self.run_arguments(documents, self.folder / "out", "--id", "job", "--precision", "fp32"))
        self.await_word(process, "step read[3] completed")
        process.send_signal(signal.SIGINT)
        self.assertIn(f"go on with: troupe run --resume job --store {self.store}", self.await_word(process, "interrupted"))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=SECONDS), 130)
        shown = troupe("show", "job", "--store", self.store, "--json")
        self.assertEqual(json.loads(shown.stdout)["status"], "running")
        self.assertIn("completed", [step["status"] for step in json.loads(shown.stdout)["steps"]])

    def test_terminated_is_as_interrupted(self):
        process = self.start("redact", self.text)
        process.stdout.readline()
        _, said = self.interrupt(process, signal.SIGTERM)
        self.assertEqual((process.returncode, said), (130, "troupe: interrupted\n"))


class ClosedPipes(SystemTest):
    """A reader that goes, as `head` does, ends the command quietly."""

    def head(self, *command, lines: int = 1, stdin=subprocess.DEVNULL) -> tuple:
        """Reads some lines and closes the pipe. @returns exit code and standard error."""
        process = subprocess.Popen([str(TROUPE), *map(str, command)], stdin=stdin, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        with process:
            for _ in range(lines):
                self.assertTrue(process.stdout.readline())
            process.stdout.close()
            process.wait(timeout=60)
            return process.returncode, process.stderr.read().decode()

    def test_texts(self):
        model = write_model(self.folder / "model")
        text = write_text(self.folder / "text.txt", 2_000_000)
        lines = self.folder / "lines.jsonl"
        lines.write_text('{"text": "Oslo"}\n' * 20_000)
        for command in (["ner", "--model", model, text], ["redact", "--json", text]):
            with self.subTest(command[0]):
                self.assertEqual(self.head(*command), (BROKEN_PIPE, ""))
        with self.subTest("tokenize"), lines.open() as stdin:
            self.assertEqual(self.head("tokenize", "--model", MODELS / "ner-default", stdin=stdin), (BROKEN_PIPE, ""))
        with self.subTest("ner --by file"):
            process = subprocess.Popen([str(TROUPE), "ner", "--by", "file", "--model", str(model), str(text)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            with process:
                process.stdout.read(10)
                process.stdout.close()
                self.assertEqual((process.wait(timeout=60), process.stderr.read()), (BROKEN_PIPE, b""))

    def test_closed_before_the_first_word(self):
        write_documents(self.folder / "in", 2)
        self.assert_exit(troupe(*self.run_arguments(self.folder / "in", self.folder / "out", "--id", "job")), 0)
        corpus = self.folder / "corpus.txt"
        corpus.write_text("Ada B-PER\nsang O\n")
        for command in (["ps"], ["ps", "--json"], ["show", "job"], ["show", "job", "--history"], ["show", "job", "--json"]):
            with self.subTest(" ".join(command)):
                self.assertEqual(self.unread(*command, "--store", self.store), (BROKEN_PIPE, ""))
        with self.subTest("eval"):
            code, said = self.unread("eval", "--model", MODELS / "ner-default", "--data", corpus)
            self.assertEqual((code, re.sub(r".*warning.*\n", "", said)), (BROKEN_PIPE, ""))

    def unread(self, *command) -> tuple:
        """@returns exit code and standard error of a command whose output nobody reads from the start."""
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([str(TROUPE), *map(str, command)], stdin=subprocess.DEVNULL, stdout=write,
                              stderr=subprocess.PIPE, text=True, timeout=60)
        os.close(write)
        return done.returncode, done.stderr

    def test_a_run_is_done_though_nobody_reads_of_it(self):
        write_documents(self.folder / "in", 2)
        code, said = self.unread(*self.run_arguments(self.folder / "in", self.folder / "out", "--id", "job",
                                                     "--progress", "none"))
        self.assertEqual((code, said), (BROKEN_PIPE, ""))
        shown = json.loads(troupe("show", "job", "--store", self.store, "--json").stdout)
        self.assertEqual(shown["status"], "completed")

    @unittest.skipUnless(pathlib.Path("/dev/full").exists(), "needs /dev/full")
    def test_a_full_disk_under_the_output_is_an_error(self):
        text = self.folder / "text.txt"
        text.write_text("Oslo\n")
        for command in (["ner", text], ["ner", "--by", "file", text], ["redact", text]):
            with self.subTest(" ".join(map(str, command))), open("/dev/full", "w") as full:
                done = subprocess.run([str(TROUPE), *map(str, command)], stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn("cannot write to standard output", done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The command line: what each command prints, and how it refuses."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

from support import ROOT, TROUPE, WORKFLOW, SystemTest, json_lines, troupe, write_documents

MODELS = ROOT / "models"


class Help(SystemTest):
    def test_every_command_has_help_with_an_example(self):
        for command in ("run", "ps", "show", "cancel", "ner", "redact", "tokenize", "eval", "simulate"):
            shown = troupe(command, "--help")
            self.assert_exit(shown, 0)
            self.assertIn("Example", shown.stdout)
            self.assertNotIn("->", shown.stdout)  # numbers of enumerators say nothing to a user

    def test_usage_errors_exit_with_2(self):
        for arguments in ([], ["nonsense"], ["ner", "--aggregation", "best"], ["show"], ["run"], ["run", "a", "--resume", "b"],
                          ["ps", "--limit", "0"], ["ner", "--stride", "-1"], ["tokenize"]):
            refused = troupe(*arguments, stdin="")
            self.assertEqual(refused.returncode, 2, f"{arguments}: {refused.stdout}{refused.stderr}")
            self.assertNotEqual(refused.stderr, "")


class Ner(SystemTest):
    TEXT = "Zoë Müller of the 🙂 Red Cross flew to São Paulo."

    def entities(self, *arguments, stdin=TEXT):
        done = troupe("ner", *arguments, stdin=stdin)
        self.assert_exit(done, 0)
        return json_lines(done.stdout)

    def test_offsets_are_code_points_and_bytes_of_the_text(self):
        for aggregation in ("none", "simple", "first", "average", "max", "viterbi"):
            (answer,) = self.entities("--aggregation", aggregation)
            self.assertEqual(answer["text"], self.TEXT)
            self.assertTrue(answer["entities"])
            for e in answer["entities"]:
                by_bytes = self.TEXT.encode()[e["start_byte"]:e["end_byte"]].decode()
                self.assertEqual(self.TEXT[e["start"]:e["end"]], by_bytes)
                self.assertEqual(set(e), {"label", "score", "start", "end", "start_byte", "end_byte", "word"})
        labels = {(e["label"], self.TEXT[e["start"]:e["end"]]) for e in self.entities("--aggregation", "first")[0]["entities"]}
        self.assertIn(("LOC", "São Paulo"), labels)

    def test_one_answer_per_line_in_order(self):
        lines = [f"Jonas Weber {i} lives in Oslo." for i in range(300)] + ["", "   "]
        answers = self.entities(stdin="\n".join(lines) + "\n")
        self.assertEqual([a["text"] for a in answers], lines)
        self.assertEqual(answers[-1]["entities"], [])

    def test_by_file(self):
        path = self.folder / "two-lines.txt"
        path.write_text("Oslo is cold.\nLima is not.\n")
        (answer,) = self.entities("--by", "file", path, stdin="")
        self.assertEqual(answer["text"], path.read_text())

    def test_long_text_is_not_cut(self):
        text = "Nothing happened here today, or so it seemed. " * 200 + "Then Jonas Weber came to Oslo."
        (answer,) = self.entities(stdin=text)
        self.assertIn("Oslo", [text[e["start"]:e["end"]] for e in answer["entities"]])

    def test_a_long_text_decoded_as_a_whole_has_the_same_entities(self):
        text = "Jonas Weber came to Oslo. " * 300
        def found(*arguments):
            (answer,) = self.entities(*arguments, stdin=text)
            return [(e["label"], e["start"], e["end"]) for e in answer["entities"]]
        self.assertEqual(len(found("--windows", "farthest", "--aggregation", "first")), 600)
        self.assertEqual(found("--windows", "farthest", "--aggregation", "first", "--word-groups", "ids"),
                         found("--aggregation", "viterbi"))

    def test_malformed_utf8_is_replaced_with_a_warning(self):
        done = troupe("ner", stdin=b"Jonas Weber \xff\xfe lives in Oslo.\n")
        self.assert_exit(done, 0)
        (answer,) = json_lines(done.stdout.decode())
        self.assertIn("\ufffd", answer["text"])
        self.assertIn(b"warning", done.stderr)
        self.assertIn("Oslo", [answer["text"][e["start"]:e["end"]] for e in answer["entities"]])

    def test_refusals_name_the_place(self):
        for arguments, named in ((["--model", self.folder / "none"], "none"), ([self.folder / "missing.txt"], "missing.txt"),
                                 ([self.folder], "folder")):
            refused = troupe("ner", *arguments, stdin="Oslo\n")
            self.assert_exit(refused, 1)
            self.assertIn(named, refused.stderr)


class Streams(SystemTest):
    """Standard input and signals, the same for every command that reads texts."""

    COMMANDS = (["ner"], ["redact"], ["tokenize", "--model", MODELS / "ner-default"])

    def start(self, command: list) -> subprocess.Popen:
        process = subprocess.Popen([str(TROUPE), *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def await_handler(self, process: subprocess.Popen) -> None:
        """Until the program catches SIGINT: one that comes before would kill it."""
        status, limit = pathlib.Path(f"/proc/{process.pid}/status"), time.monotonic() + 20
        while not int(re.search(r"SigCgt:\s*(\w+)", status.read_text())[1], 16) & 1 << (signal.SIGINT - 1):
            self.assertLess(time.monotonic(), limit, "awaited a handler for SIGINT")
            os.sched_yield()

    def test_answers_come_while_the_input_stays_open(self):
        for command in self.COMMANDS:
            process = self.start(command)
            process.stdin.write(b'{"text": "Oslo"}\n')
            process.stdin.flush()
            self.assertTrue(process.stdout.readline(), command)  # hangs until the test's limit where answers are held back

    def test_interrupted_while_input_is_awaited(self):
        for command in (*self.COMMANDS, ["run", "-", "--store", self.store]):
            for begun in (b"", b'{"text": '):  # at rest, and within a line
                process = self.start(command)
                process.stdin.write(begun)
                process.stdin.flush()
                self.await_handler(process)
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(timeout=20), 130, command)
                self.assertEqual(process.stdout.read(), b"")
                self.assertIn(b"interrupted", process.stderr.read())

    def test_unreadable_standard_input_is_an_error(self):
        for command in self.COMMANDS:
            folder = os.open(self.folder, os.O_RDONLY)
            refused = subprocess.run([str(TROUPE), *map(str, command)], stdin=folder, capture_output=True, text=True)
            os.close(folder)
            self.assert_exit(refused, 1)
            self.assertIn("Is a directory", refused.stderr)


class Redact(SystemTest):
    TEXT = "Mail jonas@example.org or pay to GB82 WEST 1234 5698 7654 32."

    def test_mask(self):
        done = troupe("redact", stdin=self.TEXT + "\n")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "Mail [EMAIL] or pay to [IBAN].\n")

    def test_pseudonyms_depend_on_the_key_alone(self):
        first, again, other = (troupe("redact", "--pseudonyms", "--key", key, stdin=self.TEXT).stdout for key in "aab")
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        self.assertNotIn("example.org", first)

    def test_json_maps_offsets(self):
        done = troupe("redact", "--json", stdin=self.TEXT + "\n")
        self.assert_exit(done, 0)
        (answer,) = json_lines(done.stdout)
        self.assertNotIn("example.org", done.stdout)
        for redaction in answer["redactions"]:
            replaced = answer["text"][redaction["redacted_start"]:redaction["redacted_end"]]
            self.assertEqual(replaced, redaction["replacement"])
        self.assertIn("jonas@example.org", [self.TEXT[r["start"]:r["end"]] for r in answer["redactions"]])

    def test_labels_leave_the_files_alone(self):
        path = self.folder / "mail.txt"
        path.write_text(self.TEXT)
        done = troupe("redact", "--labels", "EMAIL,PHONE", path, stdin="")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "Mail [EMAIL] or pay to GB82 WEST 1234 5698 7654 32.\n")

    def test_key_of_the_environment(self):
        environment = {**os.environ, "TROUPE_PSEUDONYM_KEY": "a"}
        masked = troupe("redact", stdin=self.TEXT, env=environment)
        self.assert_exit(masked, 0)
        self.assertIn("[EMAIL]", masked.stdout)
        named = troupe("redact", "--pseudonyms", stdin=self.TEXT, env=environment)
        self.assertEqual(named.stdout, troupe("redact", "--pseudonyms", "--key", "a", stdin=self.TEXT).stdout)
        environment.pop("TROUPE_PSEUDONYM_KEY")
        refused = troupe("redact", "--pseudonyms", stdin=self.TEXT, env=environment)
        self.assert_exit(refused, 2)
        self.assertIn("--key", refused.stderr)

    def test_a_label_that_nothing_finds_is_refused(self):
        refused = troupe("redact", "--labels", "EMIAL", stdin=self.TEXT)
        self.assert_exit(refused, 2)
        self.assertIn("EMAIL", refused.stderr)
        self.assertEqual(refused.stdout, "")
        known = troupe("redact", "--labels", "EMAIL,SURNAME", stdin=self.TEXT + "\n")
        self.assertEqual(known.stdout, "Mail [EMAIL] or pay to GB82 WEST 1234 5698 7654 32.\n")

    def test_by_file_keeps_the_rest_of_the_text(self):
        path = self.folder / "log.txt"
        path.write_bytes(b"one\r\ntwo jonas@example.org\n\nthree")
        done = troupe("redact", "--by", "file", path, stdin=b"")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, b"one\r\ntwo [EMAIL]\n\nthree")


class Tokenize(SystemTest):
    def test_fields_of_the_golden_files(self):
        done = troupe("tokenize", "--model", MODELS / "ner-default", stdin=json.dumps({"text": "Zoë sang."}) + "\n")
        self.assert_exit(done, 0)
        (answer,) = json_lines(done.stdout)
        self.assertEqual(answer["offsets_codepoints"], [[0, 0], [0, 3], [4, 8], [8, 9], [0, 0]])
        self.assertEqual(answer["offsets_bytes"], [[0, 0], [0, 4], [5, 9], [9, 10], [0, 0]])
        self.assertEqual(answer["special_mask"], [1, 0, 0, 0, 1])
        self.assertEqual(answer["word_ids"], [None, 0, 1, 2, None])
        self.assertEqual(answer["type_ids"], [0, 1, 0, 0, 0])  # word shapes: this model's token types
        self.assertEqual(len(answer["ids"]), 5)

    def test_windows(self):
        text = json.dumps({"text": "one two three four five six seven"})
        done = troupe("tokenize", "--model", MODELS / "ner-default", "--max-length", "5", "--stride", "1", stdin=text)
        self.assert_exit(done, 0)
        (answer,) = json_lines(done.stdout)
        self.assertEqual([len(w["ids"]) for w in answer["windows"]], [5, 5, 5])

    def test_refusals_name_the_line(self):
        for line in ("{", "[]", '{"text": 1}', '{"other": ""}'):
            refused = troupe("tokenize", "--model", MODELS / "ner-default", stdin='{"text":"ok"}\n' + line + "\n")
            self.assert_exit(refused, 1)
            self.assertIn("-:2", refused.stderr)
        refused = troupe("tokenize", "--model", MODELS / "ner-default", "--max-length", "5", "--stride", "3", stdin='{"text":"a"}')
        self.assertNotEqual(refused.returncode, 0)


class Runs(SystemTest):
    def test_definition_mistakes_have_file_line_and_column(self):
        path = self.folder / "bad.yaml"
        path.write_text("name: bad\nsteps:\n  read: { agent: files.raed, input: {} }\n"
                        "  write: { agent: files.write, input: { txt: a } }\n")
        refused = troupe("run", path, "--store", self.store)
        self.assert_exit(refused, 2)
        self.assertIn(f"{path}:3:", refused.stderr)
        self.assertIn("files.read", refused.stderr)
        self.assertIn(f"{path}:4:", refused.stderr)

    def test_a_definition_of_10_megabytes_is_refused(self):
        path = self.folder / "big.yaml"
        path.write_text("name: big\ndescription: " + "x" * (10 << 20) + "\n")
        refused = troupe("run", path, "--store", self.store)
        self.assert_exit(refused, 2)
        self.assertIn(f"{path}:1:1: error: the file has 10485784 bytes, a definition may have 1048576; split it", refused.stderr)

    def test_bad_inputs(self):
        for inputs, named in ((["folder=x"], "output"), (["folder=x", "output=y", "colour=z"], "colour"), (["folder"], "=")):
            arguments = [word for i in inputs for word in ("--input", i)]
            refused = troupe("run", WORKFLOW, "--store", self.store, *arguments)
            self.assert_exit(refused, 2)
            self.assertIn(named, refused.stderr)

    def test_ps_and_show(self):
        write_documents(self.folder / "in", 2)
        ran = troupe(*self.run_arguments(self.folder / "in", self.folder / "out", "--id", "first", "--json"))
        self.assert_exit(ran, 0)
        self.assertEqual(json.loads(ran.stdout)["run"], "first")
        (listed,) = json_lines(troupe("ps", "--store", self.store, "--json").stdout)
        self.assertEqual((listed["run"], listed["status"]), ("first", "completed"))
        self.assertIn("first", troupe("ps", "--store", self.store).stdout)
        self.assertEqual(troupe("ps", "--store", self.store, "--status", "running", "--json").stdout, "")
        shown = troupe("show", "first", "--store", self.store, "--history")
        self.assert_exit(shown, 0)
        for expected in ("read[1]", "completed", "runStarted", "runCompleted"):
            self.assertIn(expected, shown.stdout)

    def test_bar_shows_failed_attempts_and_leaves_its_line(self):
        path = self.folder / "retry.yaml"
        path.write_text("name: retry\nversion: '1'\nsteps:\n  get:\n    agent: files.read\n"
                        "    retry: { maximum_attempts: 2, initial_interval: 500ms }\n"
                        "    input: { path: /proc/self/mem, name: x }\n")  # is there, but cannot be read: worth a retry
        ran = subprocess.run([str(TROUPE), "run", str(path), "--store", self.store, "--progress", "bar"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(ran.returncode, 1)
        shown = ran.stdout.decode()
        self.assertIn("attempt 1 failed", shown)
        self.assertIn("will try again", shown)
        after_bar = shown[shown.rindex("steps,"):]
        self.assertIn("\n", after_bar.split("Run ")[0])

    def test_refusals(self):
        missing = troupe("ps", "--store", self.store)
        self.assert_exit(missing, 1)
        self.assertIn("runs.db", missing.stderr)
        self.assert_exit(troupe("ps", "--store", "postgres://x"), 1)
        foreign = self.folder / "foreign.db"
        foreign.write_text("this is no store" * 100)
        refused = troupe("ps", "--store", f"sqlite:{foreign}")
        self.assert_exit(refused, 1)
        self.assertIn("foreign.db", refused.stderr)
        write_documents(self.folder / "in", 1)
        self.assert_exit(troupe(*self.run_arguments(self.folder / "in", self.folder / "out", "--id", "a")), 0)
        unknown = troupe("show", "b", "--store", self.store)
        self.assert_exit(unknown, 1)
        self.assertIn("b", unknown.stderr)
        # The same again is the same run; another one may not have its id.
        self.assert_exit(troupe(*self.run_arguments(self.folder / "in", self.folder / "out", "--id", "a")), 0)
        self.assert_exit(troupe(*self.run_arguments(self.folder / "in", self.folder / "other", "--id", "a")), 1)


if __name__ == "__main__":
    unittest.main()

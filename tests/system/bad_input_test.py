#!/usr/bin/env python3
"""Models, documents and folders that are not as they should be: what each command says, and with which exit code."""

import json
import os
import pathlib
import shutil
import socket
import unittest

from support import ROOT, SystemTest, can_mount, json_lines, small_disk, troupe, write_documents
from tiny_model import write_model

MODELS = ROOT / "models"


class Models(SystemTest):
    """A model that is missing or damaged."""

    def setUp(self):
        super().setUp()
        self.model = write_model(self.folder / "model")

    def damaged(self, name: str, change) -> str:
        """What `ner`, `eval` and the others say of a model one file of which was changed: one line, exit code 1."""
        folder = self.folder / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.model, folder)
        change(folder / name)
        corpus = self.folder / "corpus.txt"
        corpus.write_text("Anna B-PER\n")
        said = ""
        for command in (["ner", "--model", folder], ["eval", "--model", folder, "--data", corpus]):
            done = troupe(*command, stdin="")  # without any text, too
            self.assert_exit(done, 1)
            self.assertEqual(done.stdout, "")
            self.assertIn(str(folder), done.stderr)
            self.assertRegex(done.stderr, r"\Atroupe: error: [^\n]+\n\Z")
            said += done.stderr
        return said

    def test_damaged_files(self):
        def cut(path):
            path.write_bytes(path.read_bytes()[:-100])

        def no_json(path):
            path.write_text("{")

        def no_magic(path):
            path.write_bytes(b"\xff" * 5_000)

        for name, change, words in (("model.safetensors", pathlib.Path.unlink, "model.safetensors"),
                                    ("model.safetensors", cut, "model.safetensors"),
                                    ("model.safetensors", no_magic, "model.safetensors"),
                                    ("config.json", pathlib.Path.unlink, "config.json"),
                                    ("config.json", no_json, "config.json"),
                                    ("vocab.txt", pathlib.Path.unlink, "vocab.txt"),
                                    ("vocab.txt", no_json, "vocab.txt|PAD|UNK"),
                                    ("tokenizer_config.json", no_json, "tokenizer_config.json")):
            with self.subTest(f"{change.__name__} {name}"):
                self.assertRegex(self.damaged(name, change), words)

    def test_no_models_at_all(self):
        nowhere = {**os.environ, "TROUPE_MODELS": str(self.folder / "nowhere")}
        for command in (["ner"], ["redact"], ["run", "x.yaml", "--store", self.store]):
            done = troupe(*command, stdin="Oslo\n", env=nowhere)
            self.assert_exit(done, 1)
            self.assertRegex(done.stderr, r"\Atroupe: error: .*nowhere.*TROUPE_MODELS[^\n]*\n\Z")


class Documents(SystemTest):
    """Files that are no texts, or cannot be read."""

    def test_files_that_cannot_be_read(self):
        (self.folder / "folder").mkdir()
        (self.folder / "link").symlink_to(self.folder / "gone")
        (self.folder / "loop").symlink_to(self.folder / "loop")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.folder / "socket"))
        good = self.folder / "good.txt"
        good.write_text("Oslo\n")
        for name, words in (("folder", "is a folder; name its files"), ("link", "No such file"), ("loop", "symbolic links"),
                            ("socket", "No such device|socket")):
            for command in ("ner", "redact"):
                with self.subTest(f"{command} {name}"):
                    done = troupe(command, good, self.folder / name)
                    self.assert_exit(done, 1)
                    self.assertEqual(len(done.stdout.splitlines()), 1)  # what came before it is answered
                    self.assertRegex(done.stderr, rf"\Atroupe: error: .*{name}.*({words})[^\n]*\n\Z")

    def test_a_folder_with_things_that_are_no_files(self):
        documents = self.folder / "in"
        write_documents(documents, 2)
        os.mkfifo(documents / "pipe.txt")
        (documents / "gone.txt").symlink_to("nowhere")
        (documents / "sub.txt").mkdir()
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(documents / "socket.txt"))
        done = troupe(*self.run_arguments(documents, self.folder / "out", "--json"))
        self.assert_exit(done, 0)
        report = json.loads((self.folder / "out" / "report.json").read_text())
        self.assertEqual([d["name"] for d in report["documents"]], ["document-0000.txt", "document-0001.txt"])

    def test_a_document_that_a_run_cannot_read(self):
        documents = self.folder / "in"
        write_documents(documents, 2)
        (documents / "binary.txt").write_bytes(b"\x7fELF\x00\x01")
        done = troupe(*self.run_arguments(documents, self.folder / "out"))
        self.assert_exit(done, 1)
        self.assertRegex(done.stderr, r"binary\.txt has a NUL byte at byte 4.*iconv.*\[files\.binary\]")

    def test_no_input_folder(self):
        for folder in (self.folder / "nowhere", self.folder / "file"):
            (self.folder / "file").write_text("x")
            done = troupe(*self.run_arguments(folder, self.folder / "out"))
            self.assert_exit(done, 1)
            self.assertIn(str(folder), done.stderr)


class MalformedUtf8(SystemTest):
    """Offsets of entities when bytes that are no UTF-8 were replaced."""

    BYTES = b"\xff\xfe Jonas Weber \xe2\x82 met \xf0\x9f\x99\x82 Priya Raman\x80\xc3 in S\xc3\xa3o Paulo \xed\xa0\x80.\n"

    def check(self, original: bytes, answer: dict) -> None:
        """Bytes are those of the file, code points those of the text as printed, and both name the same stretch."""
        text = answer["text"]
        self.assertEqual(text.rstrip("\n"), original.decode("utf-8", "replace").rstrip("\n"))
        self.assertTrue(answer["entities"])
        for e in answer["entities"]:
            stretch = original[e["start_byte"]:e["end_byte"]]
            self.assertEqual(stretch.decode("utf-8", "replace"), text[e["start"]:e["end"]])

    def test_by_line_and_by_file(self):
        path = self.folder / "text.txt"
        path.write_bytes(self.BYTES)
        for unit in ("line", "file"):
            with self.subTest(unit):
                done = troupe("ner", "--aggregation", "first", "--by", unit, path, stdin=b"")
                self.assert_exit(done, 0)
                (answer,) = json_lines(done.stdout.decode())
                self.check(self.BYTES, answer)
                found = {answer["text"][e["start"]:e["end"]] for e in answer["entities"]}
                self.assertLessEqual({"Jonas Weber", "São Paulo"}, found)
                self.assertRegex(done.stderr.decode(), r"\Atroupe: warning: .*text\.txt.*: 8 malformed UTF-8 sequences")

    def test_a_text_in_parts(self):
        path = self.folder / "large.txt"
        original = self.BYTES * 30_000  # more than is held at once
        path.write_bytes(original)
        model = write_model(self.folder / "model")
        done = troupe("ner", "--model", model, "--by", "file", path, stdin=b"")
        self.assert_exit(done, 0)
        (answer,) = json_lines(done.stdout.decode())
        self.check(original, answer)
        self.assertRegex(done.stderr.decode(), r"\Atroupe: warning: .*large\.txt: 240000 malformed UTF-8 sequences")

    def test_redactions(self):
        original = b"\xff\xfe mail \xc3 to jonas@example.org\n"
        done = troupe("redact", "--json", stdin=original)
        self.assert_exit(done, 0)
        (answer,) = json_lines(done.stdout.decode())
        self.assertIn(b"jonas@example.org", [original[r["start_byte"]:r["end_byte"]] for r in answer["redactions"]])

    def test_binary_files(self):
        path = self.folder / "binary"
        path.write_bytes(bytes(range(256)) * 8_000)  # 2 MB, so in parts
        model = write_model(self.folder / "model")
        for unit in ("line", "file"):
            with self.subTest(unit):
                done = troupe("ner", "--model", model, "--by", unit, path, stdin=b"")
                self.assert_exit(done, 0)
                self.assertIn(b"malformed UTF-8", done.stderr)
                for answer in json_lines(done.stdout.decode()):
                    self.assertIn("text", answer)


class LongTexts(SystemTest):
    """A text that is read in parts has the entities of the whole."""

    def test_parts_and_whole_agree(self):
        # Just below the bound and just above it by blanks, which change nothing but the way that the text takes.
        model = write_model(self.folder / "model")
        text = ("anna read the report. nobody asked jonas in oslo, and priya came. " * 16_000)[:1_048_000]
        whole, parts = self.folder / "whole.txt", self.folder / "parts.txt"
        whole.write_text(text)
        parts.write_text(text + " " * 2_000)
        for more in ([], ["--aggregation", "viterbi"], ["--windows", "farthest", "--aggregation", "average"],
                     ["--aggregation", "none", "--stride", "50"]):
            with self.subTest(" ".join(more)):
                done = troupe("ner", "--model", model, "--by", "file", *more, whole, parts)
                self.assert_exit(done, 0)
                first, second = json_lines(done.stdout)
                self.assertEqual(second["text"].rstrip(), text.rstrip())
                self.assertGreater(len(first["entities"]), 100)
                self.assertEqual(first["entities"], second["entities"])

    def test_a_long_line_among_others(self):
        model = write_model(self.folder / "model")
        lines = ["anna came.", "jonas read in oslo. " * 80_000, "", "priya came.", "oscar asked. " * 90_000]
        done = troupe("ner", "--model", model, stdin="\r\n".join(lines) + "\r\n")
        self.assert_exit(done, 0)
        self.assertEqual([answer["text"] for answer in json_lines(done.stdout)], lines)

    def test_no_room_for_the_entities(self):
        if not can_mount():
            self.skipTest("needs root and the right to mount")
        path = self.folder / "large.txt"
        path.write_text("anna read the report. nobody asked jonas in oslo, and priya came. " * 60_000)
        model = write_model(self.folder / "model")
        with small_disk(self.folder / "disk", "64k") as disk:
            done = troupe("ner", "--model", model, "--aggregation", "none", "--by", "file", path,
                          env={**os.environ, "TMPDIR": str(disk)})
        self.assert_exit(done, 1)
        self.assertRegex(done.stderr, r"\Atroupe: error: .*large\.txt: a temporary file in .*No space left.*TMPDIR")


class FullDisk(SystemTest):
    @unittest.skipUnless(can_mount(), "needs root and the right to mount")
    def test_under_what_a_run_writes(self):
        documents = self.folder / "in"
        write_documents(documents, 2)
        (documents / "large.txt").write_text("Nothing." + " " * 300_000)
        with small_disk(self.folder / "disk", "200k") as disk:
            done = troupe(*self.run_arguments(documents, disk / "out", "--id", "job"))
            self.assert_exit(done, 1)
            self.assertRegex(done.stderr, "large.txt.*No space left")
            self.assertEqual([p.name for p in (disk / "out" / "redacted").glob("*.tmp")], [])
        shown = json.loads(troupe("show", "job", "--store", self.store, "--json").stdout)
        self.assertEqual(shown["status"], "failed")


if __name__ == "__main__":
    unittest.main()

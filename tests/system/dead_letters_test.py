#!/usr/bin/env python3
"""`troupe dead-letters` on a store that a run made, with letters written into it here: this also checks the format."""

import hashlib
import json
import sqlite3
import struct
import unittest

from support import SystemTest, json_lines, troupe

WORKFLOW = """\
name: list
version: "1"
inputs:
  folder: { type: string }
steps:
  list:
    agent: files.list
    input: { folder: "${inputs.folder}" }
"""


def field(number: int, text: str) -> bytes:
    """A string field of a Protobuf message, shorter than 128 bytes."""
    encoded = text.encode()
    assert len(encoded) < 128 and number < 16
    return bytes([number << 3 | 2, len(encoded)]) + encoded


def checksum(*parts) -> bytes:
    """The first half of a SHA-256 over the parts: numbers of 64 bits, and texts behind their lengths."""
    sum_of_parts = hashlib.sha256()
    for part in parts:
        if isinstance(part, int):
            sum_of_parts.update(struct.pack("<q", part))
        else:
            encoded = part.encode() if isinstance(part, str) else part
            sum_of_parts.update(struct.pack("<q", len(encoded)) + encoded)
    return sum_of_parts.digest()[:16]


class DeadLetters(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "documents").mkdir()
        definition = self.folder / "list.yaml"
        definition.write_text(WORKFLOW)
        self.assert_exit(troupe("run", definition, "--store", self.store, "--input",
                                f"folder={self.folder / 'documents'}"), 0)
        self.document = self.folder / "documents" / "note.txt"

    def put(self, identity: str, time_ms: int, path) -> None:
        """A request to read a file, as if it had made the agent throw."""
        payload, failure = field(1, str(path)), field(1, "it threw") + field(2, "runtime.agent_failed")
        url, key = "type.googleapis.com/troupe.v1.ReadFileRequest", "run/read/0"
        row = (identity, time_ms, "files.read", "default", url, payload, key, failure, 3, 1,
               checksum(identity, time_ms, "files.read", "default", url, payload, key, failure, 3))
        with sqlite3.connect(self.folder / "runs.db") as database:
            database.execute(
                "INSERT INTO dead_letters (id, time_ms, agent_type, agent_key, payload_type_url, payload, "
                "idempotency_key, failure, attempts, state, checksum) VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
        database.close()

    def letters(self, command: str, *arguments):
        return troupe("dead-letters", command, "--store", self.store, *arguments)

    def test_list_and_show(self):
        self.assert_exit(self.letters("list"), 0)
        self.put("older", 1_700_000_000_000, self.document)
        self.put("newer", 1_700_000_001_000, self.document)
        listed = self.letters("list", "--json")
        self.assert_exit(listed, 0)
        newer, older = json_lines(listed.stdout)
        self.assertEqual((newer["id"], older["id"]), ("newer", "older"))
        self.assertEqual(older["agent"], "files.read/default")
        self.assertEqual(older["type"], "troupe.v1.ReadFileRequest")
        self.assertEqual(older["key"], "run/read/0")
        self.assertEqual(older["attempts"], 3)
        self.assertEqual(older["status"], "waiting")
        self.assertEqual(older["time"], "2023-11-14T22:13:20.000Z")
        self.assertEqual(older["failure"], {"type": "runtime.agent_failed", "message": "it threw"})
        self.assertIn("older", self.letters("list").stdout)
        self.assertEqual(json_lines(self.letters("list", "--json", "--status", "replayed").stdout), [])
        shown = self.letters("show", "older")
        self.assert_exit(shown, 0)
        self.assertEqual(json.loads(shown.stdout)["payload"], {"path": str(self.document)})

    def test_replay_prints_the_failure_and_keeps_the_letter_until_it_works(self):
        self.put("letter", 1_700_000_000_000, self.document)
        failed = self.letters("replay", "letter")
        self.assert_exit(failed, 1)
        self.assertIn("files.not_found", failed.stderr)
        self.assertEqual(json_lines(self.letters("list", "--json").stdout)[0]["status"], "waiting")
        self.document.write_text("Ada Lovelace")
        done = self.letters("replay", "letter", "--json")
        self.assert_exit(done, 0)
        self.assertEqual(json.loads(done.stdout)["reply"]["text"], "Ada Lovelace")
        self.assertEqual(json_lines(self.letters("list", "--json").stdout)[0]["status"], "replayed")
        self.assertEqual(len(json_lines(self.letters("list", "--json", "--status", "replayed").stdout)), 1)

    def test_discard(self):
        self.put("letter", 1_700_000_000_000, self.document)
        self.assert_exit(self.letters("discard", "letter"), 0)
        self.assertEqual(self.letters("list", "--json").stdout, "")
        self.assert_exit(self.letters("discard", "letter"), 1)

    def test_mistakes_are_named(self):
        for command in ("show", "replay", "discard"):
            refused = self.letters(command, "absent")
            self.assert_exit(refused, 1)
            self.assertIn("absent", refused.stderr)
        self.assert_exit(troupe("dead-letters", "list", "--store", f"sqlite:{self.folder / 'none.db'}"), 1)
        self.assert_exit(troupe("dead-letters"), 2)
        self.assert_exit(self.letters("show"), 2)
        self.put("letter", 1_700_000_000_000, self.document)
        with sqlite3.connect(self.folder / "runs.db") as database:
            database.execute("UPDATE dead_letters SET attempts = 4")
        database.close()
        damaged = self.letters("show", "letter")
        self.assert_exit(damaged, 1)
        self.assertIn("dead letter letter", damaged.stderr)


if __name__ == "__main__":
    unittest.main()

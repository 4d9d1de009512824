#!/usr/bin/env python3
"""What the command says, and with which exit code, when its store's file or disk is not as it should be."""

import contextlib
import json
import pathlib
import sqlite3
import subprocess
import unittest

from support import SystemTest, can_mount, small_disk, troupe, write_documents

DOCUMENTS = 40


class StoreFaultsTest(SystemTest):
    def run_job(self, *more, count: int = DOCUMENTS):
        documents = self.folder / "documents"
        if not documents.exists():
            write_documents(documents, count)
        return troupe(*self.run_arguments(documents, self.folder / "out", *more))

    def file(self) -> pathlib.Path:
        return pathlib.Path(self.store.removeprefix("sqlite:"))

    def assert_refused(self, process, words: str) -> None:
        """Exit code 1, nothing on standard output, and an error that names the file and says what to do."""
        self.assert_exit(process, 1)
        self.assertEqual(process.stdout, "")
        self.assertIn(self.file().name, process.stderr)
        self.assertRegex(process.stderr, words)

    def assert_all_refused(self, words: str) -> None:
        for command in (["ps"], ["show", "job"], ["run", "--resume", "job"]):
            with self.subTest(command=command[0]):
                self.assert_refused(troupe(*command, "--store", self.store), words)

    @unittest.skipUnless(can_mount(), "needs root and the right to mount")
    def test_full_disk_and_going_on_with_space(self):
        with small_disk(self.folder / "disk", "600k") as disk:
            self.store = f"sqlite:{disk / 'runs.db'}"
            ballast = disk / "ballast"
            ballast.write_bytes(b"x" * 300_000)
            full = self.run_job("--id", "job")
            self.assert_exit(full, 1)
            self.assertRegex(full.stderr, "no space left for the store: .*free space on its disk")
            shown = troupe("show", "job", "--store", self.store, "--history", "--json")
            self.assert_exit(shown, 0)
            before = json.loads(shown.stdout)["history"]
            self.assertGreater(len(before), 0)
            ballast.unlink()
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            gone_on = self.run_job("--continue", "--json")
            self.assert_exit(gone_on, 0)
            self.assertEqual(json.loads(gone_on.stdout)["status"], "completed")
            after = troupe("show", "job", "--store", self.store, "--history", "--json")
            self.assertEqual(json.loads(after.stdout)["history"][: len(before)], before)

    @unittest.skipUnless(can_mount(), "needs root and the right to mount")
    def test_no_space_for_a_new_store(self):
        with small_disk(self.folder / "disk", "64k") as disk:
            self.store = f"sqlite:{disk / 'runs.db'}"
            (disk / "ballast").write_bytes(b"x" * 60_000)
            self.assert_refused(self.run_job(count=1), "no space left for the store")

    @unittest.skipUnless(can_mount(), "needs root and the right to mount")
    def test_read_only_disk_can_still_be_read(self):
        with small_disk(self.folder / "disk", "16m") as disk:
            self.store = f"sqlite:{disk / 'runs.db'}"
            self.assert_exit(self.run_job("--id", "job", count=1), 0)
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            self.assertIn("job", troupe("ps", "--store", self.store).stdout)
            shown = troupe("show", "job", "--store", self.store, "--json")
            self.assert_exit(shown, 0)
            self.assertEqual(json.loads(shown.stdout)["status"], "completed")
            self.assert_refused(self.run_job(count=1), "may not be written")

    def test_locked_by_another_process(self):
        self.assert_exit(self.run_job("--id", "job", count=1), 0)
        with contextlib.closing(sqlite3.connect(self.file(), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.assert_refused(self.run_job(count=1), "store is locked: .*another process holds it")
            self.assertIn("job", troupe("ps", "--store", self.store).stdout)  # reading goes on
            other.execute("ROLLBACK")
        self.assert_exit(self.run_job(count=1), 0)

    def test_files_that_are_no_store(self):
        self.file().write_text("a letter, not a database. " * 100)
        self.assert_all_refused("not a troupe store: .*name another file")
        self.file().unlink()
        with contextlib.closing(sqlite3.connect(self.file())) as theirs:
            theirs.execute("CREATE TABLE theirs (x)")
        before = self.file().read_bytes()
        self.assert_all_refused("not a troupe store: .*the database of another program")
        self.assertEqual(self.file().read_bytes(), before)
        self.file().unlink()
        self.file().mkdir()
        self.assert_all_refused("store unavailable: .*is a folder")

    def test_newer_store(self):
        self.assert_exit(self.run_job("--id", "job", count=1), 0)
        with contextlib.closing(sqlite3.connect(self.file())) as newer:
            newer.execute("PRAGMA user_version = 99")
        self.assert_all_refused("newer than this program: .*has format 99.*use a newer troupe")

    def test_lost_header(self):
        self.assert_exit(self.run_job("--id", "job", count=1), 0)
        with self.file().open("r+b") as damaged:
            damaged.write(b"\0" * 16)
        self.assert_all_refused("store is damaged: .*restore it from a backup")

    def test_flipped_bits_are_found_or_harmless(self):
        self.assert_exit(self.run_job("--id", "job", count=4), 0)
        good = self.file().read_bytes()
        expected = json.loads(troupe("show", "job", "--store", self.store, "--history", "--json").stdout)
        found = 0
        for at in range(60, len(good), max(1, len(good) // 24)):
            with self.subTest(byte=at):
                bad = bytearray(good)
                bad[at] ^= 0x10
                self.file().write_bytes(bad)
                shown = troupe("show", "job", "--store", self.store, "--history", "--json")
                if shown.returncode == 0:
                    self.assertEqual(json.loads(shown.stdout), expected)  # a byte that nothing stands in
                    continue
                found += 1
                self.assertEqual(shown.returncode, 1, shown.stderr)
                self.assertIn(self.file().name, shown.stderr)
                self.assertRegex(shown.stderr, "store is damaged|not a troupe store|newer than|no run 'job'")
        self.assertGreater(found, 0, "no flip hit anything")

    def test_a_damaged_event_is_named(self):
        self.assert_exit(self.run_job("--id", "job", count=1), 0)
        with contextlib.closing(sqlite3.connect(self.file())) as damaged:
            damaged.execute("UPDATE events SET bytes = zeroblob(length(bytes)) WHERE number = 3")
            damaged.commit()
        self.assert_refused(troupe("show", "job", "--store", self.store), "event 3 of run 'job' is not what was written")
        self.assertIn("job", troupe("ps", "--store", self.store).stdout)


if __name__ == "__main__":
    unittest.main()

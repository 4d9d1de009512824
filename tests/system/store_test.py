#!/usr/bin/env python3
"""`troupe store`: a store is checked, repaired, backed up, restored and pruned, on SQLite and on PostgreSQL; disks that are
full, files that are damaged, and processes that are killed meanwhile."""

import contextlib
import json
import pathlib
import random
import signal
import sqlite3
import subprocess
import unittest

from support import ROOT, TROUPE, PostgresSystemTest, SystemTest, can_mount, json_lines, small_disk, troupe

TINY = """name: tiny
version: "1"
inputs: { folder: { type: string } }
steps:
  list: { agent: files.list, input: { folder: "${inputs.folder}" } }
"""
LARGE = """name: large
version: "1"
inputs: { file: { type: string } }
steps:
  read: { agent: files.read, input: { path: "${inputs.file}", name: text } }
"""
ASK = "name: ask\nsteps: { approve: { signal: approve } }\n"


class StoreTest(SystemTest):
    def setUp(self):
        super().setUp()
        for name, text in (("tiny", TINY), ("large", LARGE), ("ask", ASK)):
            (self.folder / f"{name}.yaml").write_text(text)
        (self.folder / "documents").mkdir()
        (self.folder / "documents" / "a.txt").write_text("a")
        (self.folder / "large.txt").write_text("An ordinary line of text.\n" * 20_000)
        self.backup = self.folder / "runs.backup"

    def run_tiny(self, name: str, *more, store: str | None = None) -> None:
        self.assert_exit(troupe("run", self.folder / "tiny.yaml", "--id", name, "--input",
                                f"folder={self.folder / 'documents'}", "--store", store or self.store, *more), 0)

    def run_large(self, name: str) -> None:
        self.assert_exit(troupe("run", self.folder / "large.yaml", "--id", name, "--input",
                                f"file={self.folder / 'large.txt'}", "--store", self.store), 0)

    def store_command(self, *arguments, code: int = 0, store: str | None = None) -> dict:
        done = troupe("store", *arguments, "--store", store or self.store, "--json")
        self.assert_exit(done, code)
        return json.loads(done.stdout) if done.stdout else {"stderr": done.stderr}

    def show(self, run: str, *more, store: str | None = None) -> dict:
        place = () if "--archive" in more else ("--store", store or self.store)
        shown = troupe("show", run, *place, "--history", "--json", *more)
        self.assert_exit(shown, 0)
        return json.loads(shown.stdout)

    def ids(self, *more, store: str | None = None) -> list:
        listed = troupe("ps", "--store", store or self.store, "--json", *more)
        self.assert_exit(listed, 0)
        return sorted(each["run"] for each in json_lines(listed.stdout))

    def execute(self, sql: str) -> None:
        with contextlib.closing(sqlite3.connect(self.folder / "runs.db")) as store:
            store.executescript(sql)

    def other_store(self) -> str:
        return f"sqlite:{self.folder / 'other.db'}"


class AnyStoreTests:
    """What holds for each kind of store."""

    def test_check_backup_and_restore(self):
        self.run_tiny("one")
        self.run_large("large")
        with self.start_run(self.folder / "ask.yaml", "--id", "open", until="approve[0] waits") as process:
            found = self.store_command("check")
            self.assertTrue(found["good"])
            self.assertEqual((found["runs"], found["payloads"]), (3, 1))
            made = self.store_command("backup", self.backup)
            self.assertEqual(made["rows"]["runs"], 3)
            refused = troupe("store", "repair", "--store", self.store, "--backup", self.folder / "first")
            self.assert_exit(refused, 1)
            self.assertIn("is open in another process", refused.stderr)
            process.kill()
        for other in (self.other_store(), self.second()):
            self.store_command("restore", self.backup, store=other)
            self.assertEqual(self.ids(store=other), ["large", "one", "open"])
            for run in ("one", "large", "open"):
                self.assertEqual(self.show(run, store=other), self.show(run))
            self.assertTrue(self.store_command("check", store=other)["good"])
            refused = troupe("store", "restore", self.backup, "--store", other)
            self.assert_exit(refused, 1)
            self.assertIn("--force", refused.stderr)
            self.store_command("restore", self.backup, "--force", store=other)
            # A run that was open goes on in the new place.
            sent = troupe("signal", "open", "approve", "--store", other, "--data", '{"approved": true}')
            self.assert_exit(sent, 0)
            gone_on = troupe("run", "--resume", "open", "--store", other)
            self.assert_exit(gone_on, 0)

    def test_a_backup_that_is_there_is_not_replaced_unasked(self):
        self.run_tiny("one")
        self.backup.write_text("precious")
        refused = troupe("store", "backup", self.backup, "--store", self.store)
        self.assert_exit(refused, 2)
        self.assertEqual(self.backup.read_text(), "precious")
        self.store_command("backup", self.backup, "--force")
        self.assertNotEqual(self.backup.read_bytes(), b"precious")

    def test_a_damaged_backup_is_refused_and_changes_nothing(self):
        self.run_tiny("one")
        self.store_command("backup", self.backup)
        good = self.backup.read_bytes()
        other = self.second()
        for bad, words in ((good[:-1], "cut off"), (good[: len(good) // 2], "cut off"), (b"", "is no backup"),
                           (good[:-60] + bytes([good[-60] ^ 1]) + good[-59:], "damaged")):
            self.backup.write_bytes(bad)
            refused = troupe("store", "restore", self.backup, "--store", other)
            self.assert_exit(refused, 1)
            self.assertRegex(refused.stderr, words)
        self.assertEqual(self.ids(store=other), [])

    def test_tags(self):
        for i in range(4):
            self.run_tiny(f"run{i}", "--tag", f"half={i % 2}", "--tag", "tenant=acme corp")
        self.assertEqual(self.ids("--tag", "tenant=acme corp"), [f"run{i}" for i in range(4)])
        self.assertEqual(self.ids("--tag", "tenant=acme corp", "--tag", "half=1"), ["run1", "run3"])
        self.assertEqual(self.ids("--tag", "half=1", "--status", "failed"), [])
        self.assertEqual(self.ids("--tag", "half=1", "--since", "1h", "--workflow", "tiny"), ["run1", "run3"])
        self.assertEqual(self.ids("--before", "1h"), [])
        self.assertEqual(self.show("run1")["tags"], {"half": "1", "tenant": "acme corp"})
        for wrong, words in (("novalue", "write KEY=VALUE"), ("=x", "is no key"), ("a b=x", "is no key"),
                             ("a=" + "x" * 300, "256 bytes"), ("a=x\ny", "control characters")):
            refused = troupe("run", self.folder / "tiny.yaml", "--input", "folder=.", "--store", self.store, "--tag", wrong)
            self.assert_exit(refused, 2)
            self.assertIn(words, refused.stderr)
        refused = troupe("ps", "--store", self.store, "--since", "yesterday")
        self.assert_exit(refused, 2)

    def test_prune_and_archive(self):
        archive = self.folder / "old.archive"
        for name in ("one", "two", "three"):
            self.run_tiny(name, "--tag", "k=v")
        self.run_large("large")
        before = {run: self.show(run) for run in self.ids()}
        self.assertEqual(self.store_command("prune", "--older-than", "1d")["runs"], 0)
        would = self.store_command("prune", "--older-than", "0s", "--dry-run")
        self.assertEqual((would["runs"], would["dry_run"]), (4, True))
        self.assertEqual(len(self.ids()), 4)
        self.assertEqual(self.store_command("prune", "--older-than", "0s", "--status", "failed")["runs"], 0)
        done = self.store_command("prune", "--older-than", "0s", "--keep", "2", "--archive", archive)
        self.assertEqual(done["runs"], 2)
        done = self.store_command("prune", "--older-than", "0s", "--archive", archive)
        self.assertEqual((done["runs"], done["payloads"]), (2, 1))
        self.assertEqual(self.ids(), [])
        for run, shown in before.items():
            self.assertEqual(self.show(run, "--archive", archive), shown)
        absent = troupe("show", "absent", "--archive", archive)
        self.assert_exit(absent, 1)
        self.assertIn("no run 'absent'", absent.stderr)
        self.store_command("restore", archive, "--add")
        self.assertEqual({run: self.show(run) for run in self.ids()}, before)
        self.assertEqual(self.ids("--tag", "k=v"), ["one", "three", "two"])
        refused = troupe("store", "prune", "--older-than", "soon", "--store", self.store)
        self.assert_exit(refused, 2)

    def test_a_prune_that_is_killed_loses_no_run(self):
        """Every run is whole in the store, or whole in the archive, or in both."""
        archive = self.folder / "old.archive"
        for i in range(60):
            self.run_tiny(f"run{i}")
        expected = set(self.ids("--limit", "1000"))
        chance = random.Random(7)
        for round in range(25):
            # It is killed when the archive has grown by so much, or is over.
            size = (archive.stat().st_size if archive.exists() else 0) + chance.randrange(30_000)
            process = subprocess.Popen([str(TROUPE), "store", "prune", "--older-than", "0s", "--archive", str(archive),
                                        "--store", self.store], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and not (archive.exists() and archive.stat().st_size >= size):
                pass
            process.kill()
            process.wait()
            self.assertTrue(self.store_command("check")["good"])
            there = set(self.ids("--limit", "1000"))
            if archive.exists():
                other = f"sqlite:{self.folder / f'archived{round}.db'}"
                self.store_command("restore", archive, store=other)
                self.assertTrue(self.store_command("check", store=other)["good"])
                there |= set(self.ids("--limit", "1000", store=other))
            self.assertEqual(there, expected)
        self.store_command("prune", "--older-than", "0s", "--archive", archive)
        self.assertEqual(self.ids(), [])


class SqliteStoreTest(AnyStoreTests, StoreTest):
    def second(self) -> str:
        return f"sqlite:{self.folder / 'second.db'}"

    def test_repair_says_what_is_lost_and_keeps_the_rest(self):
        for name in ("one", "two", "three"):
            self.run_tiny(name)
        before = {run: self.show(run) for run in self.ids()}
        self.execute("DELETE FROM events WHERE number = 4 AND run = 1; "
                     "UPDATE events SET checksum = bytes WHERE number = 2 AND run = 2")
        found = troupe("store", "check", "--store", self.store)
        self.assert_exit(found, 1)
        self.assertIn("run one: ", found.stdout)
        self.assertIn("event 2 of run 'two' is not what was written", found.stdout)
        done = self.store_command("repair")
        self.assertEqual(sorted((each["id"], each["how"]) for each in done["done"]), [("one", "cut"), ("two", "set aside")])
        self.assertTrue(pathlib.Path(done["backup"]).exists())
        self.assertTrue(self.store_command("check")["good"])
        self.assertEqual(self.ids(), ["one", "three"])
        self.assertEqual(self.show("three"), before["three"])
        self.assertEqual(self.show("one")["history"], before["one"]["history"][:3])
        self.assert_exit(troupe("run", "--resume", "one", "--store", self.store), 0)
        # What was taken out goes into backups, too; and the copy has all as it was.
        self.assertGreater(self.store_command("backup", self.backup)["rows"]["quarantine"], 0)
        self.store_command("check", code=1, store=f"sqlite:{done['backup']}")
        again = troupe("store", "repair", "--store", self.store)
        self.assert_exit(again, 0)
        self.assertIn("Nothing is damaged", again.stdout)

    def test_damaged_pages(self):
        for i in range(30):
            self.run_tiny(f"run{i}")
        file = self.folder / "runs.db"
        with contextlib.closing(sqlite3.connect(file)) as store:
            # What lies in a page without any row is nobody's; without the pages of the schema there is no file.
            used = [page for page, in store.execute("SELECT pageno FROM dbstat WHERE ncell > 0 AND name NOT LIKE 'sqlite_%' "
                                                    "ORDER BY pageno")]
        good = file.read_bytes()
        chance = random.Random(3)
        for round in range(4):
            with self.subTest(round=round):
                bad = bytearray(good)
                page = chance.choice(used) - 1
                bad[page * 4096 + 8: page * 4096 + 4000] = chance.randbytes(3992)
                for beside in self.folder.glob("runs.db-*"):
                    beside.unlink()
                file.write_bytes(bad)
                self.store_command("check", code=1)
                self.store_command("repair")
                self.assertTrue(self.store_command("check")["good"])
                with contextlib.closing(sqlite3.connect(file)) as store:
                    self.assertEqual(store.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                self.run_tiny(f"new{round}")

    @unittest.skipUnless(can_mount(), "needs root and the right to mount")
    def test_no_space(self):
        self.run_tiny("one")
        self.run_large("large")
        with small_disk(self.folder / "disk", "200k") as disk:
            refused = troupe("store", "backup", disk / "runs.backup", "--store", self.store)
            self.assert_exit(refused, 1)
            self.assertRegex(refused.stderr, "No space left on device; free space on its disk")
            self.assertEqual(list(disk.iterdir()), [])
            refused = troupe("store", "prune", "--older-than", "0s", "--archive", disk / "old.archive", "--store", self.store)
            self.assert_exit(refused, 1)
            self.assertIn("free space on its disk", refused.stderr)
            self.assertEqual(self.ids(), ["large", "one"])
            self.assertTrue(self.store_command("check")["good"])
            self.store_command("backup", self.backup)
            refused = troupe("store", "restore", self.backup, "--store", f"sqlite:{disk / 'new.db'}")
            self.assert_exit(refused, 1)
            self.assertIn("no space left for the store", refused.stderr)

    @unittest.skipUnless(can_mount(), "needs root and the right to mount")
    def test_no_space_for_a_repair(self):
        """What finds no place in the new file is not taken for what cannot be read in the old one."""
        (self.folder / "large.txt").write_text("An ordinary line of text.\n" * 200_000)
        self.run_large("large")
        self.run_tiny("one")
        good = (self.folder / "runs.db").read_bytes()
        with contextlib.closing(sqlite3.connect(self.folder / "runs.db")) as store:
            page, = store.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs_by_start'").fetchone()
        damaged = good[:(page - 1) * 4096] + b"\0" * 4096 + good[page * 4096:]
        # Room for the copy, not for the new file.
        with small_disk(self.folder / "disk", f"{len(good) * 5 // 2 // 1024}k") as disk:
            (disk / "runs.db").write_bytes(damaged)
            refused = troupe("store", "repair", "--store", f"sqlite:{disk / 'runs.db'}")
            self.assert_exit(refused, 1)
            self.assertIn("no space left for the store", refused.stderr)
            self.assertEqual((disk / "runs.db").read_bytes(), damaged)
            self.assertEqual((disk / "runs.db.before-repair").stat().st_size, len(damaged))
            self.assertFalse(list(disk.glob("*.rebuilt*")))

    def test_retention(self):
        """What ended before goes while a run is at work; what ends just then stays."""
        self.execute((ROOT / "tests" / "actors" / "workflow" / "store_v5.sql").read_text())
        archive = self.folder / "old.archive"
        old = ["made-by-2", "made-by-3", "made-by-4", "made-by-5"]
        self.assertTrue(set(old) < set(self.ids()))
        self.run_tiny("new", "--retention", "1m", "--retention-archive", archive)
        self.assertFalse(set(old) & set(self.ids()))
        self.assertTrue({"new", "half-done", "just-started"} < set(self.ids()))
        self.assertEqual(self.show("made-by-3", "--archive", archive)["run"], "made-by-3")
        self.assertTrue(self.store_command("check")["good"])

    def test_retention_that_cannot_be(self):
        for wrong, words in (("30s", "less than a minute"), ("soon", "bad duration")):
            refused = troupe("run", self.folder / "tiny.yaml", "--input", "folder=.", "--store", self.store, "--retention", wrong)
            self.assert_exit(refused, 2)
            self.assertIn(words, refused.stderr)
        refused = troupe("run", self.folder / "tiny.yaml", "--store", self.store, "--retention-keep", "3")
        self.assert_exit(refused, 2)
        self.assertIn("requires --retention", refused.stderr)
        # The run is what counts; that the archive cannot be written is said.
        self.execute((ROOT / "tests" / "actors" / "workflow" / "store_v5.sql").read_text())
        done = troupe("run", self.folder / "tiny.yaml", "--input", f"folder={self.folder / 'documents'}", "--store", self.store,
                      "--retention", "1m", "--retention-archive", self.folder / "absent" / "old.archive")
        self.assert_exit(done, 0)
        self.assertIn("warning: retention: ", done.stderr)

    def test_what_is_no_store(self):
        for command in (["check"], ["backup", self.backup], ["repair"], ["prune", "--older-than", "1d"]):
            refused = troupe("store", *command, "--store", self.store)
            self.assert_exit(refused, 1)
            self.assertIn("is not there", refused.stderr)
        self.assert_exit(troupe("store", "restore", self.folder / "absent", "--store", self.store), 1)
        self.assert_exit(troupe("store"), 2)

    def test_ctrl_c(self):
        self.run_tiny("one")
        with contextlib.closing(sqlite3.connect(self.folder / "runs.db")) as store:
            # So many dead letters that to copy them takes its time.
            store.executescript(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO "
                "dead_letters SELECT i, i, 'a', 'k', 't', zeroblob(100), '', x'', 1, 1, x'00' FROM n")
        process = subprocess.Popen([str(TROUPE), "store", "backup", str(self.backup), "--store", self.store, "--progress",
                                    "lines"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("interrupted", err)
        self.assertEqual(list(self.folder.glob("runs.backup*")), [])


class PostgresStoreTest(AnyStoreTests, StoreTest, PostgresSystemTest):
    def second(self) -> str:
        return self.server.store(self.new_schema())

    def test_repair_says_what_is_lost(self):
        for name in ("one", "two"):
            self.run_tiny(name)
        self.server.sql(f"DELETE FROM {self.schema}.events WHERE number = 2 AND run = (SELECT number FROM "
                        f"{self.schema}.runs WHERE run_id = 'one')")
        self.store_command("check", code=1)
        refused = troupe("store", "repair", "--store", self.store)
        self.assert_exit(refused, 1)
        self.assertIn("--backup FILE", refused.stderr)
        done = self.store_command("repair", "--backup", self.backup)
        self.assertEqual([(each["id"], each["how"]) for each in done["done"]], [("one", "set aside")])
        self.assertTrue(self.store_command("check")["good"])
        self.assertEqual(self.ids(), ["two"])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Runs on PostgreSQL: what the command does with them and says of the server's faults, and how a run outlives the server."""

import json
import pathlib
import signal
import subprocess
import time
import unittest

from support import PostgresServer, PostgresSystemTest, can_mount, json_lines, small_disk, troupe, write_documents

APPROVAL = "name: ask\nsteps: { approve: { signal: approve } }\n"


class PostgresTest(PostgresSystemTest):
    def run_job(self, *more, count: int = 2):
        documents = self.folder / "documents"
        if not documents.exists():
            write_documents(documents, count)
        return troupe(*self.run_arguments(documents, self.folder / "out", *more))

    def show(self, run: str, *more) -> dict:
        shown = troupe("show", run, "--store", self.store, "--json", *more)
        self.assert_exit(shown, 0)
        return json.loads(shown.stdout)

    def start_approval(self) -> subprocess.Popen:
        path = self.folder / "ask.yaml"
        path.write_text(APPROVAL)
        return self.start_run(path, "--id", "job", until="approve[0] waits")

    def assert_refused(self, words: str, store: str | None = None) -> None:
        for command in (["ps"], ["show", "job"], ["run", "--resume", "job"], ["cancel", "job"], ["dead-letters", "list"]):
            with self.subTest(command=command[0]):
                refused = troupe(*command, "--store", store or self.store)
                self.assert_exit(refused, 1)
                self.assertEqual(refused.stdout, "")
                self.assertRegex(refused.stderr, words)
                for secret in (PostgresServer.PASSWORD, "s3cret", "p%40ss"):
                    self.assertNotIn(secret, refused.stderr)

    def test_a_run_is_kept_listed_and_shown(self):
        done = self.run_job("--id", "job", "--json")
        self.assert_exit(done, 0)
        self.assertEqual(json.loads(done.stdout)["status"], "completed")
        (listed,) = json_lines(troupe("ps", "--store", self.store, "--json", "--status", "completed").stdout)
        self.assertEqual(listed["run"], "job")
        shown = self.show("job", "--history")
        self.assertEqual([e["sequence"] for e in shown["history"]], [str(n + 1) for n in range(listed["events"])])
        self.assertEqual(json_lines(troupe("ps", "--store", self.server.store("test_0"), "--json").stdout), [])
        again = self.run_job("--id", "job")
        self.assert_exit(again, 0)  # the same run: it is not begun anew
        self.assertEqual(self.show("job", "--history"), shown)
        self.assertEqual(self.server.sql(f"SELECT count(*) FROM {self.schema}.owners").strip(), "0")

    def test_a_signal_of_another_process(self):
        with self.start_approval() as process:
            sent = troupe("signal", "job", "approve", "--store", self.store, "--data", '{"approved": true}')
            self.assert_exit(sent, 0)
            out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(self.show("job")["status"], "completed")

    def test_a_cancel_of_another_process_and_of_one_that_was_killed(self):
        with self.start_approval() as process:
            self.assert_exit(troupe("cancel", "job", "--store", self.store, "--reason", "no use"), 0)
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertEqual((self.show("job")["status"], self.show("job")["reason"]), ("cancelled", "no use"))
        path = self.folder / "ask.yaml"
        with self.start_run(path, "--id", "second", until="approve[0] waits") as process:
            process.kill()
        self.assert_exit(troupe("cancel", "second", "--store", self.store), 0)
        self.assertEqual(self.show("second")["status"], "cancelled")

    def test_ctrl_c_gives_a_hint_without_the_password(self):
        self.store = self.server.store(self.schema, password=PostgresServer.PASSWORD)
        with self.start_approval() as process:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertIn(f"--resume job --store 'postgresql://postgres@127.0.0.1:{self.server.port}/postgres?schema={self.schema}'",
                      err)

    def test_a_run_outlives_its_server(self):
        with self.start_approval() as process:
            for end in (self.server.kill, self.server.stop):
                end()
                self.server.start()
            sent = troupe("signal", "job", "approve", "--store", self.store, "--data", '{"approved": true}')
            self.assert_exit(sent, 0)
            out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertNotIn("again", out)
        self.assertIn("connected to postgresql://postgres@127.0.0.1", err)
        self.assertEqual(self.show("job")["status"], "completed")

    def test_dead_letters(self):
        self.assert_exit(self.run_job(count=1), 0)
        listed = troupe("dead-letters", "list", "--store", self.store)
        self.assert_exit(listed, 0)
        refused = troupe("dead-letters", "discard", "absent", "--store", self.store)
        self.assert_exit(refused, 1)
        self.assertIn("no dead letter absent", refused.stderr)

    def test_wrong_password_user_database_and_address(self):
        self.assert_exit(self.run_job("--id", "job", count=1), 0)
        self.assert_refused("password authentication failed.*PGPASSWORD", self.server.store(self.schema, password="s3cret"))
        self.assert_refused("password authentication failed", self.server.store(self.schema, user="nobody"))
        self.assert_refused("does not exist", self.store.replace("/postgres?", "/nowhere?"))
        self.assert_refused("write it as %40", "postgresql://postgres:s3cret@p@127.0.0.1/postgres")
        self.assert_refused("bad schema", self.store + "%22")
        refused = troupe("ps", "--store", "postgresq://postgres:s3cret@127.0.0.1/postgres")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("postgresql://USER@HOST:PORT/DATABASE", refused.stderr)
        self.assertNotIn("s3cret", refused.stderr)

    def test_no_server(self):
        self.assert_refused("store unavailable: .*check that the server runs",
                            "postgresql://postgres@127.0.0.1:1/postgres")

    def test_no_store_and_schemas_that_are_no_store(self):
        self.assert_refused(f"schema {self.schema} is not there")
        self.server.sql(f"CREATE SCHEMA {self.schema}; CREATE TABLE {self.schema}.theirs (x int)")
        self.assert_refused("not a troupe store: .*belongs to another program")

    def test_a_newer_store(self):
        self.assert_exit(self.run_job("--id", "job", count=1), 0)
        self.server.sql(f"UPDATE {self.schema}.store_format SET format = 99")
        self.assert_refused("newer than this program: .*has format 99.*use a newer troupe")

    def test_a_damaged_event_is_named(self):
        self.assert_exit(self.run_job("--id", "job", count=1), 0)
        self.server.sql(f"UPDATE {self.schema}.events SET bytes = '' WHERE number = 3")
        shown = troupe("show", "job", "--store", self.store)
        self.assert_exit(shown, 1)
        self.assertIn("event 3 of run 'job' is not what was written", shown.stderr)
        self.assertIn("job", troupe("ps", "--store", self.store).stdout)

    @unittest.skipUnless(can_mount(), "needs root and the right to mount")
    def test_full_disk_and_going_on_with_space(self):
        self.folder.chmod(0o755)
        with small_disk(self.folder / "disk", "200m") as disk:
            server = PostgresServer(self.folder / "server", data=disk / "data")
            try:
                self.store = server.store(self.schema)
                self.assert_exit(self.run_job("--id", "first", count=1), 0)
                ballast = disk / "ballast"
                self.fill(ballast)
                full = self.run_job("--id", "job", count=1)
                while full.returncode == 0:  # pages that were there already had room
                    self.fill(ballast)
                    full = self.run_job("--id", f"job-{time.monotonic_ns()}")
                self.assert_exit(full, 1)
                self.assertRegex(full.stderr, "no space left for the store: .*free space on the server's disk")
                ballast.unlink()
                self.assertEqual(len(self.show("first", "--history")["history"]) > 0, True)
                gone_on = self.run_job("--continue", "--json")
                self.assert_exit(gone_on, 0)
                self.assertEqual(json.loads(gone_on.stdout)["status"], "completed")
            finally:
                server.stop()

    @staticmethod
    def fill(ballast: pathlib.Path) -> None:
        with ballast.open("ab", buffering=0) as out:
            try:
                while True:
                    out.write(b"x" * 4096)
            except OSError:
                pass


if __name__ == "__main__":
    unittest.main()

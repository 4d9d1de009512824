#!/usr/bin/env python3
"""troupe top: what runs, queues and resources are at, from another process; on a terminal and as lines."""

import contextlib
import errno
import fcntl
import json
import os
import pty
import select
import signal
import sqlite3
import struct
import subprocess
import termios
import time
import unittest

from support import TROUPE, PostgresSystemTest, SystemTest, json_lines, troupe

TAKE, GIVE_BACK = b"\x1b[?1049h", b"\x1b[?1049l"
#: Two steps that want the one core, one that nobody answers, one whose time is far.
BUSY = {"name": "busy", "steps": {
    "hold": {"agent": "process.run", "resources": {"cpu": 1}, "priority": 5, "input": {"argv": ["cat", "FIFO"]}},
    "queue": {"agent": "process.run", "resources": {"cpu": 1}, "input": {"argv": ["cat", "FIFO"]}},
    "ask": {"signal": "approve"},
    "later": {"wait": "1h"}}}


class TopCase(SystemTest):
    RUN = ("--resources", "cpu=1,license=3", "--allow-process", "/usr/bin/cat")

    def write(self, name: str, definition: dict):
        path = self.folder / name
        path.write_text(json.dumps(definition).replace("FIFO", str(self.folder / "fifo")))
        return path

    def top(self, *arguments, code: int = 0, **options):
        done = troupe("top", "--store", self.store, *arguments, **options)
        self.assert_exit(done, code)
        return done

    def look(self, *arguments) -> dict:
        return json.loads(self.top("--once", "--json", *arguments).stdout)

    def start_busy(self, run: str = "job", *options) -> subprocess.Popen:
        os.mkfifo(self.folder / "fifo")
        process = self.start_run(self.write("busy.yaml", BUSY), "--id", run, *self.RUN, *options, until="waits for a signal")
        self.wait_for(lambda: any(n["at_work"] and n["waiting"] for n in self.look()["nodes"]), "the process to say what it has")
        return process

    def end(self, process) -> None:
        process.kill()
        process.communicate()


class TopTest(TopCase):
    """What every store has."""

    def test_a_run_at_work_in_another_process(self):
        process = self.start_busy("job", "--priority", "7", "--tenant", "acme", "--tenant-weight", "acme=2", "--tag", "stage=test")
        now = self.look("--alarm-after", "1ms")
        self.assertEqual((now["totals"]["running"], now["totals"]["at_work"], now["totals"]["runs_unseen"]), (1, 1, 0))
        self.assertEqual(now["totals"]["queued"], {"commit": 0, "limit": 0, "resources": 1, "slot": 0, "uncommitted": 0})
        self.assertEqual(now["totals"]["waiting"], {"attempt": 2, "signal": 1, "timer": 1})
        node = now["nodes"][0]
        self.assertEqual(node["process"], process.pid)
        self.assertEqual(node["resources"][0], {"name": "cpu", "used": 1000, "capacity": 1000})
        self.assertIn({"name": "license", "used": 0, "capacity": 3}, node["resources"])
        self.assertEqual((node["at_work"][0]["step"], node["at_work"][0]["what"]), ("hold", "process.run/default"))
        self.assertEqual((node["waiting"][0]["step"], node["waiting"][0]["what"]), ("queue", "resources"))
        self.assertIn("taken by job/hold/0", node["waiting"][0]["detail"])
        self.assertEqual(node["tenants"], [{"name": "acme", "weight": 2.0, "at_work": 1, "waiting": 1}])
        run = now["runs"][0]
        self.assertEqual((run["run"], run["owner"], run["priority"], run["tenant"]), ("job", node["owner"], 7, "acme"))
        self.assertEqual((run["steps"], run["steps_done"]), (4, 0))
        self.assertIn((run["wait"]["step"], run["wait"]["why"]), (("ask", "signal"), ("queue", "resources")))
        self.assertTrue(run["wait"]["alarm"])
        text = self.top("--once").stdout
        for words in ("1 running", "cpu 1/1", "license 0/3", "acme", "job", "busy", "0/4", "resources 1"):
            self.assertIn(words, text)
        self.assertNotIn("\x1b", text)
        for options, count in ((("--tag", "stage=test"), 1), (("--tag", "stage=other"), 0), (("--workflow", "none"), 0),
                               (("--status", "compensating"), 0), (("--tenant", "acme"), 1), (("--tenant", "nobody"), 0)):
            self.assertEqual(len(self.look(*options)["runs"]), count, options)
        live = self.folder / "runs.db-live"
        if self.store.startswith("sqlite:"):
            self.assertEqual(os.listdir(live), [node["owner"]])
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 130)
        now = self.look()
        self.assertEqual((now["nodes"], now["totals"]["running"], now["totals"]["runs_unseen"]), ([], 1, 1))
        self.assertFalse(live.exists())  # nothing is left beside the store

    def test_rates_and_closed_runs_and_failures(self):
        good = self.write("good.yaml", {"name": "good", "steps": {"a": {"wait": "1ms"}}})
        bad = self.write("bad.yaml", {"name": "bad", "steps": {"a": {
            "agent": "files.list", "retry": {"maximum_attempts": 1}, "input": {"folder": "/nothing"}}}})
        self.assert_exit(troupe("run", good, "--store", self.store), 0)
        with subprocess.Popen([str(TROUPE), "top", "--store", self.store, "--json", "--interval", "0.2"], stdout=subprocess.PIPE,
                              text=True) as watch:
            first = json.loads(watch.stdout.readline())
            self.assertEqual((first["totals"]["completed"], first["totals"]["runs_per_second"]), (1, None))
            self.assert_exit(troupe("run", bad, "--id", "wrong", "--store", self.store), 1)
            rates = []
            for line in watch.stdout:
                now = json.loads(line)
                rates.append(now["totals"]["runs_per_second"])
                if now["failures"]:
                    break
            self.assertGreater(rates[-1], 0)
            self.assertEqual([(f["run"], f["type"]) for f in now["failures"]], [("wrong", "files.not_found")])
            self.assertEqual((now["totals"]["completed"], now["totals"]["failed"]), (1, 1))
            watch.send_signal(signal.SIGINT)
            self.assertEqual(watch.wait(60), 130)
        self.assertIn("files.not_found", self.top("--once").stdout)
        self.assertEqual(self.look("--window", "1ms")["totals"]["failed"], 0)

    def test_looks_are_counted_and_a_reader_may_go(self):
        self.assert_exit(troupe("run", self.write("job.yaml", {"name": "job", "steps": {"a": {"wait": "1ms"}}}), "--store", self.store), 0)
        self.assertEqual(len(json_lines(self.top("--json", "--count", "3", "--interval", "0.1").stdout)), 3)
        self.assertEqual(self.top("--count", "2", "--interval", "0.1").stdout.count("troupe top"), 2)
        with subprocess.Popen([str(TROUPE), "top", "--store", self.store, "--interval", "0.1"], stdout=subprocess.PIPE) as watch:
            watch.stdout.readline()
            watch.stdout.close()
            self.assertEqual(watch.wait(60), 141)

    def test_wrong_uses_say_why(self):
        self.assert_exit(troupe("run", self.write("job.yaml", {"name": "job", "steps": {"a": {"wait": "1ms"}}}), "--store", self.store), 0)
        for options, words in ((("--sort", "size"), "age"), (("--interval", "0"), "0.1"), (("--interval", "x"), "--interval"),
                               (("--count", "0"), "--count"), (("--once", "--count", "2"), "--count"), (("--tag", "x"), "tag"),
                               (("--window", "soon"), "--window"), (("--alarm-after", "-1s"), "--alarm-after"),
                               (("--tenant", "a b"), "tenant"), (("--status", "completed"), "completed")):
            self.assertIn(words, self.top(*options, code=2).stderr)

    def test_what_a_store_holds_does_not_reach_the_terminal_raw(self):
        path = self.write("job.yaml", {"name": "job", "steps": {"a": {
            "agent": "files.list", "retry": {"maximum_attempts": 1}, "input": {"folder": "/nothing\x1b[2J\u202e"}}}})
        self.assert_exit(troupe("run", path, "--store", self.store), 1)
        out = self.top("--once").stdout
        self.assertIn(r"/nothing\x1b[2J\u{202e}", out)
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\u202e", out)
        self.assertTrue(self.top("--once", "--json").stdout.isascii())


class TopFilesTest(TopCase):
    """What only stores in files have."""

    def test_no_store_an_empty_one_and_one_that_goes(self):
        self.assertIn("runs.db", self.top("--once", code=1).stderr)
        done = troupe("run", self.write("job.yaml", {"name": "job", "steps": {"a": {"wait": "1ms"}}}), "--store", self.store)
        self.assert_exit(done, 0)
        with contextlib.closing(sqlite3.connect(self.folder / "runs.db")) as store, store:
            store.executescript("DELETE FROM events; DELETE FROM runs;")
        self.assertIn("No runs are at work", self.top("--once").stdout)
        for change, words in ((lambda file: file.unlink(), "is gone"), (lambda file: file.write_text("x"), "another file")):
            with subprocess.Popen([str(TROUPE), "top", "--store", self.store, "--json", "--interval", "0.1"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as watch:
                watch.stdout.readline()
                file = self.folder / "runs.db"
                kept = file.read_bytes()
                file.unlink()
                if words == "another file":
                    change(file)
                _, err = watch.communicate(timeout=60)
                self.assertEqual(watch.returncode, 1, err)
                self.assertRegex(err, words)
                file.unlink(missing_ok=True)
                file.write_bytes(kept)

    def test_a_killed_process_is_not_shown_for_long(self):
        process = self.start_busy()
        self.end(process)
        live = self.folder / "runs.db-live"
        (name,) = os.listdir(live)
        os.utime(live / name, (0, 0))  # as after a while
        now = self.look()
        self.assertEqual((now["nodes"], now["totals"]["runs_unseen"]), ([], 1))
        (live / name).write_bytes(b"nonsense")
        now = self.look()
        self.assertIn(name, now["unreadable"][0])
        self.assertEqual(len(now["runs"]), 1)
        self.assertIn("cannot see a process", self.top("--once").stdout)


class Terminal:
    """A pseudo terminal with a command on it, as a person has it before them."""

    def __init__(self, *arguments, width: int = 100, height: int = 30, **environment):
        self.master, self.slave = pty.openpty()
        self.resize(width, height)
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self.process = subprocess.Popen([str(TROUPE), *map(str, arguments)], stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        start_new_session=True, env={**os.environ, "TERM": "xterm", **environment},
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def read_some(self, seconds: float) -> None:
        if select.select([self.master], [], [], seconds)[0]:
            try:
                self.output += os.read(self.master, 1 << 16)
            except OSError as why:
                if why.errno != errno.EIO:
                    raise

    def expect(self, words: bytes, seconds: float = 30) -> None:
        """Waits until this is in what came since the last time."""
        end = time.monotonic() + seconds
        while words not in self.output:
            if time.monotonic() > end:
                raise AssertionError(f"waited for {words!r}, got {self.output[-3000:]!r}")
            self.read_some(0.1)
        self.output = self.output.partition(words)[2]

    def wait(self, seconds: float = 30) -> int:
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.read_some(0.1)
        self.read_some(0)
        return self.process.wait(1)

    def is_restored(self) -> bool:
        return termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class TopTerminalTest(SystemTest):
    def setUp(self):
        super().setUp()
        path = self.folder / "ask.yaml"
        path.write_text("name: ask\nsteps:\n  ask: { signal: ask }\n")
        for run in ("one", "two"):
            process = self.start_run(path, "--id", run, until="waits for a signal")
            process.kill()
            process.communicate()

    def open(self, *arguments, **options) -> Terminal:
        terminal = Terminal("top", "--store", self.store, "--interval", "0.2", *arguments, **options)
        self.addCleanup(terminal.close)
        terminal.expect(TAKE)
        terminal.expect(b"troupe top")
        return terminal

    def assert_left(self, terminal: Terminal, code: int) -> None:
        self.assertEqual(terminal.wait(), code, terminal.output[-2000:])
        self.assertEqual(terminal.output.count(GIVE_BACK), 1)
        self.assertIn(b"\x1b[?25h", terminal.output)  # the cursor is there
        self.assertNotIn(b"\x1b[?1049h", terminal.output.rpartition(GIVE_BACK)[2])
        self.assertTrue(terminal.is_restored())

    def test_q_ends_and_the_screen_is_as_before(self):
        terminal = self.open()
        self.assertFalse(terminal.is_restored())  # keys come one by one
        terminal.expect(b"one")
        terminal.expect(b"now by age")
        terminal.type(b"s")
        terminal.expect(b"now by waiting")
        terminal.type(b"q")
        self.assert_left(terminal, 0)

    def test_signals_end_and_the_screen_is_as_before(self):
        for deed, code in ((lambda t: t.type(b"\x03"), 130), (lambda t: t.process.send_signal(signal.SIGTERM), 130),
                           (lambda t: t.process.send_signal(signal.SIGSEGV), -signal.SIGSEGV),
                           (lambda t: t.process.send_signal(signal.SIGQUIT), -signal.SIGQUIT)):
            terminal = self.open()
            deed(terminal)
            self.assert_left(terminal, code)

    def test_a_store_that_goes_ends_it_with_a_message(self):
        terminal = self.open()
        (self.folder / "runs.db").unlink()
        self.assert_left(terminal, 1)
        self.assertIn(b"is gone", terminal.output.partition(GIVE_BACK)[2])  # on the screen that stays

    def test_the_size_counts_and_so_does_its_change(self):
        terminal = self.open(width=60, height=12)
        terminal.expect(b"q ends")
        terminal.expect(b"\x1b[H")
        terminal.expect(b"q ends")
        terminal.output = b""
        terminal.resize(30, 8)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.expect(b"\x1b[H")
        terminal.expect(b"\x1b[H")
        self.wait_for(lambda: terminal.read_some(0.1) or terminal.output.count(b"\x1b[H") >= 2, "a whole screen")
        drawn = terminal.output.split(b"\x1b[H")[0].split(b"\r\n")
        self.assertEqual(len(drawn), 8)
        for line in drawn:
            plain = line.strip(b"\r").replace(b"\x1b[K", b"")
            for code in (b"0", b"1", b"2", b"7", b"31"):
                plain = plain.replace(b"\x1b[" + code + b"m", b"")
            self.assertLessEqual(len(plain.decode()), 30, line)

    def test_colours_can_be_left_out(self):
        self.open().expect(b"\x1b[7m")
        terminal = self.open(NO_COLOR="1")
        terminal.expect(b"q ends")
        terminal.type(b"q")
        terminal.wait()
        self.assertNotIn(b"\x1b[7m", terminal.output)
        self.assertNotIn(b"\x1b[1m", terminal.output)

    def test_a_dumb_terminal_gets_lines(self):
        terminal = Terminal("top", "--store", self.store, "--count", "2", "--interval", "0.1", TERM="dumb")
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.wait(), 0)
        self.assertNotIn(b"\x1b", terminal.output)
        self.assertEqual(terminal.output.count(b"troupe top"), 2)

    def test_so_many_looks_end_it(self):
        terminal = self.open("--count", "3")
        self.assert_left(terminal, 0)


class TopPostgresTest(TopTest, PostgresSystemTest):
    """The same on a database."""

    def test_a_server_that_goes_is_said(self):
        process = self.start_busy()
        self.assertEqual(self.look()["nodes"][0]["process"], process.pid)
        self.end(process)
        self.assertNotIn("p@ss", self.top("--once").stdout)


class TopServerTest(TopCase):
    def test_a_server_that_goes_ends_it_with_a_message(self):
        server = self.use_postgres()
        self.assert_exit(troupe("run", self.write("job.yaml", {"name": "job", "steps": {"a": {"wait": "1ms"}}}), "--store", self.store), 0)
        terminal = Terminal("top", "--store", self.store, "--interval", "0.2")
        self.addCleanup(terminal.close)
        terminal.expect(b"1 completed")
        server.stop()
        self.assertEqual(terminal.wait(60), 1)
        self.assertIn(b"troupe: error", terminal.output.partition(GIVE_BACK)[2])
        self.assertTrue(terminal.is_restored())


if __name__ == "__main__":
    unittest.main()

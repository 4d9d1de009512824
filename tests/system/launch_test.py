#!/usr/bin/env python3
"""`troupe up`, `down`, `add`, `ps` and `logs` over real processes of this machine: what they start, what they say of what does
not start, and that nothing is left, however a command ends."""

import contextlib
import concurrent.futures
import json
import os
import pathlib
import pty
import random
import signal
import stat
import subprocess
import unittest

from launch_support import LaunchTest, processes_below
from support import ROOT, TROUPE, json_lines, troupe

SEED = int(os.environ.get("TROUPE_SEED", "7"))


class UpTest(LaunchTest):
    def test_up_starts_all_and_down_ends_all(self):
        self.write_usual()
        up = self.command("up")
        self.assertRegex(up.stdout, r"^Cluster lab: 3 nodes ready, 3 of them started now, in \d+\.\d\d s\n$")
        self.assertRegex(up.stderr, r"worker-1: ready at 127\.0\.0\.1:\d+ \(\d\.\d\d s\)")
        self.assertEqual(self.states(), {"boss-1": "ready", "worker-1": "ready", "worker-2": "ready"})
        boss = self.nodes()["boss-1"]
        self.assertEqual(boss["roles"], ["coordinator"])
        for worker in ("worker-1", "worker-2"):
            folder = self.data / "nodes" / worker
            self.assertEqual((folder / "seeds").read_text(), boss["address"] + "\n")
            self.assertIn(f"joined at {boss['address']}", (folder / "log").read_text())
            for private in (folder, folder / "node.yaml", folder / "certs" / f"{worker}.key"):
                self.assertEqual(stat.S_IMODE(private.stat().st_mode) & 0o077, 0, private)
            self.assertEqual(os.getsid(self.nodes()[worker]["pid"]), self.nodes()[worker]["pid"])
        self.assertIn("worker-2", self.command("ps").stdout)
        self.assertIn("3 nodes stopped", self.command("down").stdout)
        self.assertEqual(set(self.states().values()), {"ended"})
        self.assert_nothing_left()
        self.assertIn("0 nodes stopped", self.command("down").stdout)

    def test_a_second_up_starts_what_is_missing(self):
        self.write_usual()
        self.command("up")
        before = self.pids()
        os.kill(before["worker-1"], signal.SIGKILL)
        self.wait_for(lambda: self.states()["worker-1"] == "ended", "worker-1 to be seen as ended")
        again = json.loads(self.command("up", "--json").stdout)
        self.assertEqual((again["nodes"], again["started"]), (3, 1))
        after = self.pids()
        self.assertNotEqual(after["worker-1"], before["worker-1"])
        self.assertEqual({**after, "worker-1": 0}, {**before, "worker-1": 0})
        self.assertEqual(json.loads(self.command("up", "--json").stdout)["started"], 0)
        # The file grows, the cluster with it; it shrinks, and what is at work is left alone.
        self.write_usual(workers=3)
        self.assertEqual(json.loads(self.command("up", "--json").stdout)["started"], 1)
        self.write_usual(workers=1)
        self.assertIn("worker-3 is not in the file any more", self.command("up").stderr)
        self.assertEqual(self.states()["worker-3"], "ready")
        self.command("down")
        self.assert_nothing_left()

    def test_add_and_its_end_with_the_cluster(self):
        self.write_usual(workers=1)
        self.assertIn("start it with troupe up", self.command("add", "worker", ok=1).stderr)
        self.command("up")
        self.assertIn("no group 'workers'", self.command("add", "workers", ok=1).stderr)
        self.assertEqual(json.loads(self.command("add", "worker", "--count", "2", "--json").stdout)["started"], 2)
        os.kill(self.pids()["worker-3"], signal.SIGKILL)
        self.assertEqual(json.loads(self.command("up", "--json").stdout)["started"], 1)
        self.command("down")
        self.assert_nothing_left()
        self.assertEqual(json.loads(self.command("up", "--json").stdout)["nodes"], 2)
        self.command("down")

    def test_purge_leaves_nothing_but_what_is_not_ours(self):
        self.write_usual()
        self.command("up")
        (self.data / "notes.txt").write_text("mine")
        self.command("down", "--purge")
        self.assertEqual([each.name for each in self.data.iterdir()], ["notes.txt"])
        (self.data / "notes.txt").unlink()
        self.command("up")
        self.command("down", "--purge")
        self.assertFalse(self.data.exists())

    def test_certificates_stay_and_are_made_anew_for_new_hosts(self):
        self.write_usual(workers=1)
        self.command("up")
        first = (self.data / "nodes/worker-1/certs/worker-1.pem").read_bytes()
        self.command("down")
        self.command("up")
        self.assertEqual((self.data / "nodes/worker-1/certs/worker-1.pem").read_bytes(), first)
        self.command("down")
        self.write_usual(workers=1, worker=", certificate_hosts: [worker.lab]")
        self.command("up")
        self.assertNotEqual((self.data / "nodes/worker-1/certs/worker-1.pem").read_bytes(), first)
        listed = json_lines(troupe("ca", "list", "--ca", self.data / "ca", "--json").stdout)
        self.assertIn("worker.lab", [row for row in listed if row["node"] == "worker-1"][-1]["hosts"])
        self.assertIn("operator", {row["node"] for row in listed})
        self.command("down")

    def test_certificates_from_elsewhere(self):
        certs, ca = self.folder / "certs", self.folder / "ca"
        self.write_usual(workers=1, more=f"certificates: {{folder: {certs}}}")
        said = self.command("up", ok=1).stderr
        self.assertIn("troupe ca issue boss-1 --role coordinator", said)
        self.assert_nothing_left()
        self.assert_exit(troupe("ca", "init", "--cluster", "lab", "--ca", ca), 0)
        for node, role in (("boss-1", "coordinator"), ("worker-1", "worker")):
            self.assert_exit(troupe("ca", "issue", node, "--role", role, "--host", "127.0.0.1", "--ca", ca, "--out", certs), 0)
        self.command("up")
        self.assertFalse((self.data / "ca").exists())
        self.command("down")


class FailureTest(LaunchTest):
    def test_a_node_that_dies_is_told_with_its_log_and_nothing_is_left(self):
        self.write_usual(worker=", labels: {stand-in: dies}")
        failed = self.command("up", ok=1)
        self.assertRegex(failed.stderr, r"error: ended before it was ready: worker-\d: it has ended; the last lines of its log:\n"
                                        r"  .*starting as worker-\d\n  .*cannot go on: so it was told")
        self.assert_nothing_left()
        self.assertEqual(self.known(), [])
        self.write_usual()
        self.command("up")
        self.command("down")

    def test_a_node_that_is_never_ready(self):
        self.write_usual(worker=", labels: {stand-in: never-ready}", more="timeouts: {start: 400ms}")
        self.assertRegex(self.command("up", ok=1).stderr, r"not in time: worker-1: not ready after 0\.4 s \(timeouts\.start\)")
        self.assert_nothing_left()

    def test_what_was_at_work_before_a_failure_goes_on(self):
        self.write_usual()
        self.command("up")
        before = self.pids()
        self.write("  boss: {roles: [coordinator]}\n  worker: {roles: [worker], count: 2}\n"
                   "  extra: {roles: [worker], labels: {stand-in: dies}}")
        self.command("up", ok=1)
        after = self.pids()
        self.assertEqual({name: after[name] for name in before}, before)
        self.command("down")
        self.assert_nothing_left()

    def test_what_does_not_finish_is_killed(self):
        self.write_usual(workers=1, worker=", labels: {stand-in: stays}", more="timeouts: {drain: 100ms, grace: 200ms}")
        self.command("up")
        pid = self.pids()["worker-1"]
        self.assertIn("1 of them killed", self.command("down").stdout)
        self.assertNotIn(pid, processes_below(self.folder))
        self.assert_nothing_left()

    def test_down_now(self):
        self.write_usual(workers=1, worker=", labels: {stand-in: stays}")
        self.command("up")
        self.assertIn("2 nodes stopped", self.command("down", "--now").stdout)
        self.assert_nothing_left()

    def test_ctrl_c_while_it_starts(self):
        self.write_usual(worker=", labels: {stand-in: never-ready}")
        process = subprocess.Popen([TROUPE, "up", self.file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        self.wait_for(lambda: len(processes_below(self.data)) == 3, "three nodes")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assert_nothing_left()

    def test_no_program(self):
        self.write("  boss: {roles: [coordinator]}", provider="{kind: process, binary: nowhere}")
        self.assertRegex(self.command("up", ok=1).stderr, "boss-1: cannot start .*nowhere: exec: No such file")
        self.assert_nothing_left()

    def test_another_cluster_in_the_same_folder(self):
        self.write_usual()
        self.command("up")
        self.write("  boss: {roles: [coordinator]}", name="other")
        for command in ("up", "down", "ps"):
            self.assertIn("data folder of the cluster 'lab'", self.command(command, ok=1).stderr)
        self.write_usual()
        self.command("down")

    def test_a_damaged_state_is_told(self):
        self.write_usual()
        self.data.mkdir()
        (self.data / "cluster.json").write_text("{")
        self.assertIn("cluster.json", self.command("up", ok=2).stderr)
        (self.data / "cluster.json").write_text('{"format": 2}')
        self.assertIn("use a newer troupe", self.command("down", ok=2).stderr)


class CrashTest(LaunchTest):
    def test_nothing_is_left_of_an_up_that_was_killed(self):
        draw = random.Random(SEED)
        print(f"seed {SEED}")
        self.write_usual(workers=3)
        self.command("up")  # the authority and its certificates take the longest
        self.command("down")
        for _ in range(12):
            process = subprocess.Popen([TROUPE, "up", self.file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(0, 0.25))
            process.kill()
            process.wait()
            if draw.random() < 0.5:
                self.assertEqual(json.loads(self.command("up", "--json").stdout)["nodes"], 4)
                self.assertEqual(len(processes_below(self.data / "nodes")), 4)
            self.command("down")
            self.assert_nothing_left()

    def test_two_commands_at_once_do_not_fight(self):
        self.write_usual(workers=3)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            ups = list(pool.map(lambda _: json.loads(self.command("up", "--json").stdout), range(4)))
        self.assertEqual(sorted(up["started"] for up in ups), [0, 0, 0, 4])
        self.assertEqual(len(processes_below(self.data / "nodes")), 4)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda word: troupe(word, self.file), ("up", "down")))
        self.command("down")
        self.assert_nothing_left()

    def test_a_number_that_is_somebody_elses_by_now_is_not_killed(self):
        self.write_usual(workers=1)
        self.command("up")
        self.kill_what_is_left()
        self.wait_for(lambda: not processes_below(self.folder), "the nodes to end")
        bystander = subprocess.Popen(["sleep", "600"])
        self.addCleanup(bystander.wait)
        self.addCleanup(bystander.kill)
        mark = self.data / "nodes/worker-1/pid"
        _, start, boot = mark.read_text().split()
        mark.write_text(f"{bystander.pid} {start} {boot}\n")
        self.assertEqual(self.states()["worker-1"], "ended")
        for command in (("down", "--now"), ("down",)):
            self.command(*command)
        self.assertIsNone(bystander.poll())


class LogsTest(LaunchTest):
    def setUp(self):
        super().setUp()
        self.write_usual()
        self.assertIn("never started", self.command("logs", ok=1).stderr)
        self.command("up")

    def tearDown(self):
        self.command("down")
        super().tearDown()

    def put(self, node: str, text: str) -> None:
        with (self.data / "nodes" / node / "log").open("a") as log:
            log.write(text)

    def test_one_stream_by_time(self):
        lines = [line for line in self.command("logs").stdout.splitlines()]
        self.assertEqual(len([line for line in lines if "starting as" in line]), 3)
        for name in ("boss-1  ", "worker-1", "worker-2"):
            self.assertTrue([line for line in lines if line.startswith(f"{name} | 20")], name)
        times = [line.split(" | ")[1].split()[0] for line in lines]
        self.assertEqual(times, sorted(times))
        self.put("worker-1", "[2001-01-01 00:00:00.500] first\n  goes on\n")
        self.put("worker-2", '{"level":"info","time":"2001-01-01T00:00:00.7Z","message":"second"}\n')
        self.put("boss-1", "2999-01-01T00:00:00Z last")
        shown = self.command("logs").stdout.splitlines()
        places = [next(i for i, line in enumerate(shown) if word in line) for word in ("first", "goes on", "second", "last")]
        self.assertEqual(places[1] - places[0], 1)
        self.assertLess(places[1], places[2])
        self.assertEqual(places[3], len(shown) - 1)
        since = self.command("logs", "--since", "2002-01-01").stdout
        self.assertNotIn("second", since)
        self.assertIn("starting as", since)
        self.assertNotIn("\x1b", since)

    def test_of_one_node_and_of_none(self):
        only = self.command("logs", "--node", "worker-2").stdout
        self.assertIn("starting as worker-2", only)
        self.assertNotIn("worker-1", only)
        self.assertIn("did you mean 'worker-2'?", self.command("logs", "--node", "worker2", ok=1).stderr)
        self.command("logs", "--since", "yesterday-ish", ok=2)

    def test_follow(self):
        process = subprocess.Popen([TROUPE, "logs", self.file, "--follow", "--since", "0s"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.put("worker-1", "2999-01-01T00:00:00Z half of")
        self.put("boss-1", "2999-01-01T00:00:01Z whole\n")
        self.assertIn("boss-1   | 2999-01-01T00:00:01Z whole", process.stdout.readline())
        self.put("worker-1", " a line\n")
        self.assertIn("worker-1 | 2999-01-01T00:00:00Z half of a line", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=20), 0)

    def test_colours_on_a_terminal(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([TROUPE, "logs", self.file], stdout=theirs)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:
            while chunk := terminal.read(4096):
                shown += chunk
        self.assertEqual(process.wait(timeout=20), 0)
        self.assertIn(b"\x1b[36mboss-1   |\x1b[0m", shown)


class StoreTest(LaunchTest):
    def test_a_postgresql_of_its_own(self):
        self.write_usual(workers=1, more="store: {kind: postgresql, own: true}")
        up = self.command("up")
        self.assertRegex(up.stderr, r"store: PostgreSQL ready \(\d\.\d\d s\)")
        config = (self.data / "nodes/boss-1/node.yaml").read_text()
        self.assertRegex(config, r'store: "postgresql://troupe:[0-9a-f]{32}@127\.0\.0\.1:\d+/postgres\?schema=troupe"')
        self.assertNotIn("postgresql", (self.data / "nodes/worker-1/node.yaml").read_text())
        address = config.split('store: "')[1].split('"')[0]
        self.assert_exit(troupe("run", self.approve(), "--store", address, "--id", "job", "--progress", "none"), 0)
        password = address.split(":")[2].split("@")[0]
        refused = troupe("ps", "--store", address.replace(password, "wrong"))
        self.assertIn("password authentication failed", refused.stderr)
        self.assertIn("listening on IPv4 address", self.command("logs", "--node", "store").stdout)
        # The server is killed: the next up starts it again at the same place, and the run is still there.
        pid = int((self.data / "postgres.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        # To the last trace: a server that finds one of its predecessor's number does not start.
        self.wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "its end")
        self.command("up")
        self.assertEqual([row["run"] for row in json_lines(troupe("ps", "--store", address, "--json").stdout)], ["job"])
        self.command("down")
        self.assert_nothing_left()
        self.command("up")
        self.command("down", "--purge")
        self.assertFalse(self.data.exists())

    def approve(self) -> pathlib.Path:
        path = self.folder / "count.yaml"
        path.write_text("name: rest\nsteps: { rest: { wait: 1ms } }\n")
        return path

    def test_without_postgresql(self):
        self.write_usual(workers=1, more="store: {kind: postgresql, own: true}")
        os.environ["TROUPE_POSTGRES_BIN"] = str(self.folder)
        self.addCleanup(os.environ.pop, "TROUPE_POSTGRES_BIN")
        self.assertIn("initdb", self.command("up", ok=1).stderr)
        self.assert_nothing_left()


class FileTest(LaunchTest):
    def test_a_file_that_is_wrong_is_refused_everywhere(self):
        self.file.write_text("name: lab\nprovider: {kind: process}\ngroup: {}\n")
        for command in (["up"], ["down"], ["ps"], ["logs"], ["add", "worker"]):
            said = self.command(*command, ok=2).stderr
            self.assertIn(f"{self.file}:3:1: error: unknown key 'group' in this file; did you mean 'groups'?", said)
            self.assertIn("'groups' is missing", said)
        missing = troupe("up", self.folder / "none.yaml")
        self.assert_exit(missing, 2)

    def test_the_example_is_right(self):
        self.assertEqual(troupe("ps", ROOT / "examples/cluster/local.yaml", "--data", self.data).returncode, 0)


if __name__ == "__main__":
    unittest.main()

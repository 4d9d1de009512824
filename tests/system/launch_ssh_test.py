#!/usr/bin/env python3
"""Clusters over SSH: a real server of the test's own on the loopback device, with keys of its own."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from launch_support import STAND_IN, LaunchTest, processes_below
from support import TROUPE

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
SEED = int(os.environ.get("TROUPE_SEED", "11"))
HOSTS = ["127.0.0.1", "localhost"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SshServer:
    """An SSH server on 127.0.0.1 that lets the owner of one key in, as this user."""

    SECONDS = 30

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.port = free_port()
        for key in ("host", "user", "stranger"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        public = (folder / "host.pub").read_text().split()[:2]
        (folder / "known_hosts").write_text("".join(f"[{host}]:{self.port} {' '.join(public)}\n" for host in HOSTS))
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized_keys\n"
            "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n"
            "PermitRootLogin prohibit-password\nLogLevel VERBOSE\n")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # where it shuts its helper in
        self.log = (folder / "sshd.log").open("wb")
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "sshd_config"], stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        limit = time.monotonic() + self.SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if self.process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError((folder / "sshd.log").read_text())
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=self.SECONDS)
        self.log.close()


@unittest.skipUnless(SSHD and shutil.which("ssh-keygen"), "needs OpenSSH's server: tools/setup --servers")
class SshTest(LaunchTest):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="troupe-ssh-")
        cls.addClassCleanup(holder.cleanup)
        cls.server = SshServer(pathlib.Path(holder.name))
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.remote = self.folder / "remote"
        self.use()

    def use(self, identity: str = "user", known_hosts: str = "known_hosts", binary=STAND_IN, port: int | None = None):
        at = self.server.folder
        self.PROVIDER = (f"{{kind: ssh, port: {port or self.server.port}, identity: {at / identity}, known_hosts: {at / known_hosts}, "
                         f"binary: {binary}, folder: {self.remote}}}")

    def write_hosts(self, workers: int = 2, worker: str = "", more: str = ""):
        return self.write("  boss: {roles: [coordinator], hosts: [127.0.0.1], listen: '127.0.0.1:0'}\n"
                          f"  worker: {{roles: [worker], hosts: [localhost, 127.0.0.1], count: {workers}{worker}}}", more)

    def test_up_logs_and_down(self):
        self.write_hosts()
        up = self.command("up")
        self.assertIn("3 nodes ready", up.stdout)
        nodes = self.nodes()
        self.assertEqual({node["state"] for node in nodes.values()}, {"ready"})
        self.assertEqual([nodes[name]["host"] for name in ("worker-1", "worker-2")], ["localhost", "127.0.0.1"])
        self.assertTrue(nodes["worker-1"]["address"].startswith("localhost:"))
        for name in nodes:
            there = self.remote / "lab" / name
            self.assertEqual(stat.S_IMODE((there / "certs" / f"{name}.key").stat().st_mode), 0o600)
            self.assertEqual(stat.S_IMODE((there / "node.yaml").stat().st_mode), 0o600)
            self.assertEqual((there / "certs" / f"{name}.pem").read_bytes(),
                             (self.data / "nodes" / name / "certs" / f"{name}.pem").read_bytes())
            self.assertTrue(list((there / "certs" / "crl").glob("*.r0")))
        self.assertEqual((self.remote / "lab/worker-1/seeds").read_text(), nodes["boss-1"]["address"] + "\n")
        self.assertEqual(os.getsid(nodes["worker-1"]["pid"]), nodes["worker-1"]["pid"])
        lines = self.command("logs").stdout.splitlines()
        self.assertEqual(len([line for line in lines if "ready: " in line]), 3)
        again = json.loads(self.command("up", "--json").stdout)
        self.assertEqual((again["nodes"], again["started"]), (3, 0))
        os.kill(nodes["worker-1"]["pid"], 9)
        self.wait_for(lambda: self.states()["worker-1"] == "ended", "its end")
        self.assertEqual(json.loads(self.command("up", "--json").stdout)["started"], 1)
        self.assertEqual(json.loads(self.command("add", "worker", "--json").stdout)["started"], 1)
        self.command("down", "--purge")
        self.assert_nothing_left()
        self.assertEqual(list((self.remote / "lab").iterdir()), [])

    def test_a_host_or_a_user_that_is_not_known_is_refused(self):
        (self.server.folder / "nobody").write_text("")
        self.use(known_hosts="nobody")
        self.write_hosts()
        self.assertRegex(self.command("up", ok=1).stderr, "host .*: Host key verification failed.*add it to known_hosts")
        self.use(identity="stranger")
        self.write_hosts()
        self.assertRegex(self.command("up", ok=1).stderr, "host .*Permission denied.*provider.identity")
        self.use(port=free_port())
        self.write_hosts()
        self.assertRegex(self.command("up", ok=1).stderr, "host .*Connection refused.*check provider.port")
        self.assertFalse(self.remote.exists())

    def test_no_program_there(self):
        self.use(binary="/nowhere/troupe")
        self.write_hosts()
        self.assertRegex(self.command("up", ok=1).stderr, "there is no program /nowhere/troupe on this host")
        self.assert_nothing_left()

    def test_a_node_that_dies_is_told_with_its_log(self):
        self.write_hosts(worker=", labels: {stand-in: dies}")
        self.assertRegex(self.command("up", ok=1).stderr, r"(?s)worker-\d: it has ended; the last lines.*cannot go on")
        self.assert_nothing_left()

    def test_what_does_not_end_is_killed(self):
        self.write_hosts(workers=1, worker=", labels: {stand-in: stays}")
        self.command("up")
        self.command("down", "--now")
        self.assert_nothing_left()

    def test_a_start_that_was_overtaken_starts_nothing(self):
        self.write_hosts(workers=1)
        # As a later command leaves it, whose stop came before this start.
        fence = self.remote / "lab/worker-1/.fence"
        fence.parent.mkdir(parents=True)
        fence.write_text("99\n")
        self.assertIn("a later command has stopped it", self.command("up", ok=1).stderr)
        self.assert_nothing_left()

    def test_nothing_is_left_of_an_up_that_was_killed(self):
        draw = random.Random(SEED)
        print(f"seed {SEED}")
        self.write_hosts()
        for _ in range(2):
            process = subprocess.Popen([TROUPE, "up", self.file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(0.1, 0.8))
            process.kill()
            process.wait()
            if (self.data / "cluster.json").exists():
                self.command("down", "--now")
            self.wait_for(lambda: not processes_below(self.folder), "the connections to end")


if __name__ == "__main__":
    unittest.main()

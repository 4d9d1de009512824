#!/usr/bin/env python3
"""The pages on starting clusters: their files are read, and every command in them is run, with hosts and paths of this machine."""

import os
import re
import shlex
import shutil
import unittest
from unittest import mock

import launch_slurm_test
import launch_ssh_test
from launch_support import STAND_IN, LaunchTest, processes_below
from support import ROOT, WORKFLOW, troupe, write_documents

# Until a node is more than its start, one stands in for it.
NODE = None if re.search(r"^  node ", troupe("--help").stdout, re.MULTILINE) else STAND_IN


def blocks(page: str, kind: str) -> list:
    return re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)


class DocsTest(LaunchTest):
    def page(self, name: str, section: str | None = None) -> str:
        text = (ROOT / "docs" / "cluster" / name).read_text(encoding="utf-8")
        return text if section is None else re.search(rf"## {section}\n(.*?)(?:\n## |\Z)", text, re.DOTALL).group(1)

    def save(self, name: str, text: str, *replaced) -> None:
        for old, new in replaced:
            self.assertIn(old, text)
            text = text.replace(old, str(new))
        (self.folder / name).write_text(text)

    def run_commands(self, page: str, least: int, **environment) -> list:
        commands = [line for block in blocks(page, "sh") for line in block.splitlines() if line.strip()]
        self.assertGreaterEqual(len(commands), least)
        said = []
        with mock.patch.dict(os.environ, XDG_STATE_HOME=str(self.folder / "state"), **environment):
            for command in commands:
                words = shlex.split(command.replace("$PWD", str(self.folder)))
                self.assertEqual(words[0], "troupe")
                done = troupe(*words[1:], cwd=self.folder)
                self.assert_exit(done, 0)
                said.append(done.stdout)
        return said

    def binary(self, name: str) -> list:
        return [(name, f"{name}, binary: {NODE}")] if NODE else []

    def test_first_cluster(self):
        page = self.page("first-cluster.md")
        (file,) = blocks(page, "yaml")
        self.save("cluster.yaml", file, *self.binary("kind: process"))
        said = self.run_commands(page, 8)
        self.assertIn("3 nodes ready", said[0])
        self.assertIn("4 nodes ready", said[5])
        self.assertFalse((self.folder / "first-data").exists())
        self.assert_nothing_left()

    @unittest.skipUnless(NODE is None, "needs real nodes")
    def test_operating(self):
        page = self.page("operating.md")
        (file,) = blocks(page, "yaml")
        self.save("cluster.yaml", file)
        shutil.copy(WORKFLOW, self.folder)
        write_documents(self.folder / "documents", 5)
        said = self.run_commands(page, 11)
        self.assertIn("Run monday completed: 22 of 22 steps done", said[1])
        self.assertIn("worker-1 takes no new work and has none", said[5])
        self.assert_nothing_left()

    @unittest.skipUnless(launch_ssh_test.SSHD, "needs OpenSSH's server: tools/setup --servers")
    def test_ssh(self):
        page = self.page("providers.md", "SSH")
        (self.folder / "keys").mkdir()
        server = launch_ssh_test.SshServer(self.folder / "keys")
        self.addCleanup(server.stop)
        (file,) = blocks(page, "yaml")
        at = self.folder / "keys"
        self.save("ssh-lab.yaml", file, ("  user: troupe\n", ""), ("port: 22", f"port: {server.port}"),
                  ("/home/me/.ssh/id_ed25519", at / "user"), ("/home/me/.ssh/known_hosts", at / "known_hosts"),
                  ("/usr/local/bin/troupe", NODE or STAND_IN), ("/var/lib/troupe", self.folder / "there"),
                  ("[boss.lab]", "[127.0.0.1]"), ("[one.lab, two.lab]", "[127.0.0.1, localhost]"))
        self.assertIn("5 nodes ready", self.run_commands(page, 4)[0])
        self.assertEqual(processes_below(self.folder / "there"), {})

    @unittest.skipUnless(all(launch_slurm_test.PROGRAMS.values()) and os.geteuid() == 0,
                         "needs root and Slurm's servers: tools/setup --servers")
    def test_slurm(self):
        page = self.page("providers.md", "Slurm")
        place = self.folder / "slurm"
        place.mkdir()
        slurm = launch_slurm_test.Slurm(place)
        self.addCleanup(slurm.stop)
        (file,) = blocks(page, "yaml")
        self.save("slurm-lab.yaml", file, *([("kind: slurm", f"kind: slurm\n  binary: {NODE}")] if NODE else []))
        self.assertIn("3 nodes ready", self.run_commands(page, 3, SLURM_CONF=str(slurm.config))[0])
        self.assertEqual(processes_below(self.folder / "state"), {})

    def test_kubernetes(self):
        page = self.page("providers.md", "Kubernetes")
        (file,) = blocks(page, "yaml")
        self.save("pods.yaml", file)
        (said,) = self.run_commands(page, 1)
        self.assertIn("manifests/worker.yaml", said)


if __name__ == "__main__":
    unittest.main()

"""What the tests of starting and stopping clusters share: cluster files, and what is at work afterwards."""

import json
import os
import pathlib
import signal
import subprocess

from support import TROUPE, SystemTest, json_lines, troupe

# Keeps to the contract of `troupe node`, or breaks it by its label `stand-in`.
STAND_IN = pathlib.Path(os.environ.get("TROUPE_STAND_IN", TROUPE.parent / "tests" / "stand_in_node"))


def processes_below(folder: pathlib.Path) -> dict:
    """PID -> command line of all processes whose arguments name something in the folder."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile
            continue
        if any(word.startswith(str(folder).encode()) for word in words):
            found[int(entry.name)] = b" ".join(words).decode()
    return found


class LaunchTest(SystemTest):
    """A cluster with a folder of its own; nothing of it is left afterwards."""

    PROVIDER = f"{{kind: process, binary: {STAND_IN}}}"

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)  # a server of another user must get in
        self.data = self.folder / "data"
        self.file = self.folder / "cluster.yaml"
        self.addCleanup(self.kill_what_is_left)

    def kill_what_is_left(self):
        for pid in processes_below(self.folder):
            os.kill(pid, signal.SIGKILL)

    def write(self, groups: str, more: str = "", name: str = "lab", provider: str | None = None) -> pathlib.Path:
        self.file.write_text(f"name: {name}\nprovider: {provider or self.PROVIDER}\ndata: {self.data}\n{more}\ngroups:\n{groups}\n",
                             encoding="utf-8")
        return self.file

    def write_usual(self, workers: int = 2, worker: str = "", more: str = "") -> pathlib.Path:
        return self.write(f"  boss: {{roles: [coordinator]}}\n  worker: {{roles: [worker], count: {workers}{worker}}}", more)

    def command(self, *words, ok: int = 0) -> subprocess.CompletedProcess:
        done = troupe(words[0], self.file, *words[1:])
        self.assert_exit(done, ok)
        return done

    def nodes(self) -> dict:
        return {row["node"]: row for row in json_lines(self.command("ps", "--json").stdout)}

    def states(self) -> dict:
        return {name: row["state"] for name, row in self.nodes().items()}

    def pids(self) -> dict:
        return {name: row.get("pid") for name, row in self.nodes().items()}

    def known(self) -> list:
        return [node["name"] for node in json.loads((self.data / "cluster.json").read_text())["nodes"]]

    def assert_nothing_left(self):
        self.assertEqual(processes_below(self.folder), {})

"""A cluster of real processes: the main job over several workers; what becomes of it when nodes are killed, stopped and cut off."""

import collections
import os
import pathlib
import signal
import time
import unittest

from launch_support import LaunchTest
from support import WORKFLOW, json_lines, troupe, write_documents


def wait_for(what: str, done, seconds: float = 30.0):
    """Asks until it is true. @returns what it was at last."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        seen = done()
        if seen:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for: {what}")


def events_of(run: str, store: str) -> list:
    done = troupe("show", run, "--history", "--json", "--store", store)
    assert done.returncode == 0, done.stderr
    return json_lines(done.stdout)


class ClusterTest(LaunchTest):
    PROVIDER = "{kind: process}"

    def setUp(self):
        super().setUp()
        self.documents, self.output = self.folder / "in", self.folder / "out"

    def start(self, workers: int = 3, coordinators: int = 1, store: str = "") -> None:
        more = f"store: {store}" if store else ""
        self.write(
            f"  boss: {{roles: [coordinator], count: {coordinators}}}\n"
            f"  worker: {{roles: [worker], count: {workers}, engine_threads: 1, resources: {{cpu: 1}}}}",
            more,
        )
        self.command("up")
        self.addCleanup(troupe, "down", self.file, "--now", "--purge")

    @property
    def store(self) -> str:
        return f"sqlite:{self.data / 'store' / 'runs.db'}"

    def submit(self, *more, ok=0) -> dict:
        done = troupe("submit", self.file, WORKFLOW, "--input", f"folder={self.documents}", "--input",
                      f"output={self.output}", "--json", *more, timeout=180)
        self.assert_exit(done, ok)
        return json_lines(done.stdout)[-1]

    def await_run(self, run: str) -> dict:
        done = troupe("submit", self.file, "--await", run, "--json", timeout=180)
        self.assert_exit(done, 0)
        return json_lines(done.stdout)[-1]

    def log_of(self, node: str) -> str:
        return "\n".join(path.read_text() for path in sorted((self.data / "nodes" / node).glob("**/log*")) if path.is_file())

    def check_outputs(self, count: int) -> None:
        written = sorted(path.name for path in (self.output / "redacted").iterdir())
        self.assertEqual(len(written), count)
        for name in written:
            self.assertNotIn("example.org", (self.output / "redacted" / name).read_text())
        self.assertTrue((self.output / "report.json").exists())

    def who_did_what(self, run: str) -> collections.Counter:
        """How many attempts each node completed; each instance was completed once."""
        instances, nodes = collections.Counter(), collections.Counter()
        for event in events_of(run, self.store):
            done = event.get("step_completed") or event.get("stepCompleted")
            if done:
                instances[(done["step"], done.get("index", 0))] += 1
                nodes[done.get("timing", {}).get("node", "")] += 1
        self.assertEqual([key for key, times in instances.items() if times != 1], [])
        return nodes

    def test_the_main_job_over_three_workers(self):
        write_documents(self.documents, 60)
        self.start()
        ended = self.submit()
        self.assertEqual(ended["status"], "completed")
        self.check_outputs(60)
        nodes = self.who_did_what(ended["run"])
        self.assertEqual(set(nodes), {"worker-1", "worker-2", "worker-3"})
        self.assertEqual(sum(nodes.values()), 242)

    def test_a_worker_that_is_killed(self):
        write_documents(self.documents, 400)
        self.start()
        run = self.submit("--no-wait")["run"]
        victim = self.pids()["worker-2"]
        wait_for("some steps", lambda: len(events_of(run, self.store)) > 200)
        os.kill(victim, signal.SIGKILL)
        killed = time.monotonic()
        wait_for("the coordinator to miss it", lambda: "worker-2 is lost" in self.log_of("boss-1"))
        self.assertLess(time.monotonic() - killed, 4.0)
        self.await_run(run)
        self.check_outputs(400)
        nodes = self.who_did_what(run)
        self.assertEqual(sum(nodes.values()), 1602)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Steps that are runs of their own: in one document and in files, killed at random moments, cancelled with what they started."""

import json
import random
import subprocess
import threading
import time
import unittest

from support import ROOT, TROUPE, SystemTest, json_lines, troupe, write_documents

CHILDREN = ROOT / "examples" / "child-folder.yaml"
DOCUMENTS = 6
KILLS = 25

NAPS = """name: naps
workflows:
  nap:
    steps:
      first: { agent: files.list, input: { folder: . } }
      nap: { wait: 1h, needs: [first] }
steps:
  a: { workflow: nap }
  b: { workflow: nap }
"""


class ChildRunsTest(SystemTest):
    def setUp(self):
        super().setUp()
        write_documents(self.folder / "in", DOCUMENTS)

    def arguments(self, definition=CHILDREN, job: str = "job") -> list:
        return ["run", definition, "--id", job, "--store", self.store, "--input", f"folder={self.folder / 'in'}",
                "--input", f"output={self.folder / 'out' / job}"]

    def runs(self) -> dict:
        return {run["run"]: run for run in json_lines(troupe("ps", "--store", self.store, "--json").stdout)}

    def show(self, run: str, *more) -> dict:
        shown = troupe("show", run, "--store", self.store, "--json", *more)
        self.assert_exit(shown, 0)
        return json.loads(shown.stdout)

    def check_all_done(self, job: str = "job") -> None:
        runs = {name: run for name, run in self.runs().items() if name == job or name.startswith(job + "..")}
        self.assertEqual(set(runs), {job, *(f"{job}..document.{i}" for i in range(DOCUMENTS))})
        for name, run in runs.items():
            self.assertEqual(run["status"], "completed", name)
            self.assertEqual(run.get("parent"), None if name == job else job)
            completed = set()
            for event in self.show(name, "--history")["history"]:
                attempt = event.get("stepCompleted", {}).get("attempt")
                if attempt:
                    place = (attempt["step"], attempt.get("index", 0))
                    self.assertNotIn(place, completed)
                    completed.add(place)
        self.assertEqual(len(list((self.folder / "out" / job / "redacted").glob("*.txt"))), DOCUMENTS)

    def test_each_document_is_a_run(self):
        done = troupe(*self.arguments(), "--progress", "lines")
        self.assert_exit(done, 0)
        self.assertIn("step document[2] started run job..document.2", done.stderr)
        self.assertIn("job..document.2: step redact[0] completed", done.stderr)
        self.check_all_done()
        child = self.show("job..document.3")
        self.assertEqual(child["parent"], {"run": "job", "step": "document", "index": 3, "attempt": 1})
        parent = self.show("job", "--history")
        self.assertEqual([s["child_run"] for s in parent["steps"] if s["step"] == "document"],
                         [f"job..document.{i}" for i in range(DOCUMENTS)])
        replies = [e["stepCompleted"]["reply"] for e in parent["history"]
                   if e.get("stepCompleted", {}).get("attempt", {}).get("step") == "document"]
        self.assertTrue(all(reply["@type"].endswith("troupe.v1.RedactReply") for reply in replies))
        self.assertIn("Started by step document[0] of run job, attempt 1",
                      troupe("show", "job..document.0", "--store", self.store).stdout)

    def test_a_workflow_in_a_file(self):
        main = CHILDREN.read_text("utf-8").splitlines(keepends=True)
        begin, end = main.index("workflows:\n"), main.index("steps:\n")
        inner = "".join(line[4:] if line.startswith("    ") else "\n" for line in main[begin + 2:end])
        (self.folder / "sub").mkdir()
        (self.folder / "sub" / "document.yaml").write_text("name: document\n" + inner, "utf-8")
        text = "".join(main[:begin] + main[end:]).replace("workflow: document\n", "workflow: { file: sub/document.yaml }\n")
        (self.folder / "main.yaml").write_text(text, "utf-8")
        self.assert_exit(troupe(*self.arguments(self.folder / "main.yaml")), 0)
        self.check_all_done()
        # A run keeps what it began with, whatever the file says now.
        (self.folder / "sub" / "document.yaml").write_text("name: [", "utf-8")
        self.assert_exit(troupe("show", "job..document.1", "--store", self.store), 0)
        refused = troupe(*self.arguments(self.folder / "main.yaml"))
        self.assert_exit(refused, 2)
        self.assertRegex(refused.stderr, r"sub/document\.yaml:1:\d+: ")

    def test_a_file_elsewhere_is_not_read(self):
        (self.folder / "jobs").mkdir()
        (self.folder / "leaf.yaml").write_text("name: leaf\nsteps: { a: { wait: 1s } }\n")
        (self.folder / "jobs" / "link.yaml").symlink_to(self.folder / "leaf.yaml")
        for file, words in (("../leaf.yaml", "is not in the folder"), ("link.yaml", "is a link to a file outside")):
            main = self.folder / "jobs" / "main.yaml"
            main.write_text(f"name: w\nsteps: {{ a: {{ workflow: {{ file: {file} }} }} }}\n")
            refused = troupe("run", main, "--store", self.store)
            self.assert_exit(refused, 2)
            self.assertIn(words, refused.stderr)

    def test_killed_again_and_again(self):
        seed = random.randrange(2**32)
        print(f"seed {seed}, {KILLS} kills", flush=True)
        chance = random.Random(seed)
        killed = jobs = 0
        while killed < KILLS:
            jobs += 1
            job, alive = f"job-{jobs}", True
            while alive and killed < KILLS:
                alive = self.start_and_kill(job, chance.randint(1, 8), chance.uniform(0, 0.01))
                killed += alive
            self.assert_exit(troupe(*self.arguments(job=job)), 0)
            self.check_all_done(job)
        print(f"{killed} kills in {jobs} runs", flush=True)

    def start_and_kill(self, job: str, lines: int, after_s: float) -> bool:
        """Kills the command so long after it told so many beginnings and ends. @returns whether that was before its end."""
        process = subprocess.Popen([str(TROUPE), *map(str, self.arguments(job=job)), "--progress", "lines"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        killer = threading.Timer(after_s, process.kill)
        with process:
            for line in process.stderr:
                # What begins and ends in two histories is among them.
                lines -= "started run" in line or " completed" in line
                if lines == 0:
                    killer.start()
                    lines = -1
        killer.cancel()
        self.assertIn(process.returncode, (0, -9))
        return process.returncode == -9

    def start_naps(self) -> subprocess.Popen:
        (self.folder / "naps.yaml").write_text(NAPS)
        process = subprocess.Popen([str(TROUPE), "run", str(self.folder / "naps.yaml"), "--id", "job", "--store", self.store,
                                    "--progress", "lines"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        waiting = 0
        for line in process.stderr:
            waiting += "step nap[0] waits until" in line
            if waiting == 2:
                return process
        return self.fail("it ended")

    def check_all_cancelled(self) -> None:
        self.assertEqual({name: run["status"] for name, run in self.runs().items()},
                         {"job": "cancelled", "job..a.0": "cancelled", "job..b.0": "cancelled"})

    def test_cancelled_with_what_it_started(self):
        with self.start_naps() as process:
            self.assert_exit(troupe("cancel", "job", "--store", self.store), 0)
            process.stderr.read()
        self.assertEqual(process.returncode, 1)
        self.check_all_cancelled()

    def test_cancelled_while_nobody_has_it(self):
        with self.start_naps() as process:
            process.kill()
        done = troupe("cancel", "job", "--store", self.store, "--json")
        self.assert_exit(done, 0)
        self.assertEqual(json.loads(done.stdout)["status"], "cancelled")
        self.check_all_cancelled()

    def test_killed_while_it_is_cancelled(self):
        for _ in range(3):
            with self.subTest():
                with self.start_naps() as process:
                    canceller = subprocess.Popen([str(TROUPE), "cancel", "job", "--store", self.store],
                                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    time_left = time.monotonic() + 30
                    while self.runs()["job"]["status"] == "running" and time.monotonic() < time_left:
                        pass
                    process.kill()
                    canceller.wait(timeout=60)
                troupe("run", "--resume", "job", "--store", self.store)
                self.check_all_cancelled()
                self.setUp()


if __name__ == "__main__":
    unittest.main()

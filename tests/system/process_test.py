#!/usr/bin/env python3
"""Programs as steps: what the operator allows, what resources let start, and that nothing is left when troupe is killed."""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from support import ROOT, TROUPE, SystemTest, troupe, write_documents

COUNT = ROOT / "examples" / "count-words.yaml"
SHELL = ("--allow-process", "/bin/sh")


def state(pid: int) -> str:
    """Of a process; empty where there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


class ProcessTest(SystemTest):
    def write(self, script: str, resources: str = "") -> pathlib.Path:
        """A definition with one step that runs a shell script."""
        path = self.folder / "job.yaml"
        step = {"agent": "process.run", "input": {"argv": ["sh", "-c", script]}, "retry": {"maximum_attempts": 1}}
        path.write_text(f"name: job\nsteps:\n  work: {json.dumps(step)[:-1]}{resources}}}\n")
        return path

    def run_job(self, *arguments, code: int = 0, **options) -> subprocess.CompletedProcess:
        done = troupe("run", *arguments, "--store", self.store, "--id", "job", **options)
        self.assert_exit(done, code)
        return done

    def started(self, *arguments) -> tuple:
        """Starts a script that writes its processes' numbers to `pids` and sleeps. @returns troupe, and the numbers."""
        pids = self.folder / "pids"
        path = self.write(f"setsid sleep 311 & echo $! > {pids}.new; echo $$ >> {pids}.new; mv {pids}.new {pids}; sleep 312; true")
        command = [TROUPE, "run", path, "--store", self.store, "--id", "job", *SHELL, *arguments]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.wait_for(pids.exists, "the script to begin")
        return process, [int(line) for line in pids.read_text().split()]

    def assert_gone(self, pids: list) -> None:
        self.wait_for(lambda: all(state(pid) in ("", "Z") for pid in pids), f"{pids} to end")

    def test_the_example_counts(self):
        write_documents(self.folder / "in", 3)
        done = self.run_job(COUNT, "--input", f"folder={self.folder / 'in'}", "--allow-process", "/usr/bin/wc", "--json")
        replies = json.loads(done.stdout)["replies"]
        self.assertIn("document-0000.txt", json.dumps(replies))

    def test_nothing_is_run_that_was_not_allowed(self):
        path = self.write("true")
        self.assertIn("this node runs no programs; start it with --allow-process", self.run_job(path, code=1).stderr)
        done = troupe("run", path, "--store", self.store, "--allow-process", "/usr/bin/env")
        self.assert_exit(done, 1)
        self.assertIn("this node does not run 'sh'; use one of /usr/bin/env", done.stderr)
        for option, words in ((("--allow-process", "sh"), "no absolute path"),
                              (("--allow-process-secret", "PASSWORD"), "write env:NAME or file:/PATH")):
            done = troupe("run", path, "--store", self.store, *option)
            self.assert_exit(done, 1)
            self.assertIn(words, done.stderr)

    def test_a_demand_beyond_the_node_is_refused(self):
        path = self.write("true", resources=', "resources": {"license": 3}')
        done = self.run_job(path, *SHELL, "--resources", "license=2", code=1)
        self.assertIn("step 'work' demands license 3, and this node has 2", done.stderr)
        self.assertEqual(troupe("ps", "--store", self.store, "--json").stdout, "")
        self.run_job(path, *SHELL, "--resources", "license=3")

    def test_memory_that_was_granted_bounds_the_program(self):
        path = self.write("tail /dev/zero", resources=', "resources": {"memory": "48MiB"}')
        self.assertIn("[process.limit]", self.run_job(path, *SHELL, code=1).stderr)

    def test_a_secret_is_seen_by_the_program_alone(self):
        path = self.folder / "secret.yaml"
        path.write_text("""name: secret
steps:
  good: { agent: process.run, input: { argv: [sh, -c, 'echo "it is $TOKEN"; echo "$TOKEN" | wc -c | grep -q 17'],
          secret_environment: [{ name: TOKEN, from_variable: API_KEY }] } }
  bad: { agent: process.run, needs: [good], retry: { maximum_attempts: 1 }, input: { argv: [sh, -c, 'echo "no $TOKEN" >&2; exit 1'],
         secret_environment: [{ name: TOKEN, from_variable: API_KEY }] } }
""")
        done = self.run_job(path, *SHELL, "--allow-process-env", "TOKEN", "--allow-process-secret", "env:API_KEY", code=1,
                            env={**os.environ, "API_KEY": "very-secret-4711"})
        self.assertIn("no [secret TOKEN]", done.stderr)
        shown = troupe("show", "job", "--store", self.store, "--history", "--json").stdout
        self.assertIn("it is [secret TOKEN]", done.stderr + shown)
        everything = done.stdout + done.stderr + shown
        self.assertNotIn("very-secret", everything)
        for file in self.folder.iterdir():
            self.assertNotIn(b"very-secret", file.read_bytes(), file)

    def test_nothing_is_left_when_troupe_is_killed(self):
        process, pids = self.started()
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assert_gone(pids)

    def test_ctrl_c_ends_the_program(self):
        process, pids = self.started()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assert_gone(pids)

    def test_a_cancelled_run_ends_its_programs(self):
        process, pids = self.started()
        self.assert_exit(troupe("cancel", "job", "--store", self.store), 0)
        self.assert_gone(pids)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)

    def test_resources_are_listed_with_their_origin(self):
        listed = troupe("resources", "--json", "--resources", "license=2,memory=1GiB")
        self.assert_exit(listed, 0)
        found = {each["name"]: each for each in json.loads(listed.stdout)["resources"]}
        self.assertEqual(list(found), ["cpu", "gpu", "memory", "gpu_memory", "license"])
        self.assertEqual((found["memory"]["amount"], found["memory"]["from"]), (1 << 30, "given"))
        self.assertGreater(found["cpu"]["amount"], 0)
        self.assertIn("machine", [bound["from"] for bound in found["cpu"]["bounds"]])
        table = troupe("resources")
        self.assertIn("gpu_memory", table.stdout)
        wrong = troupe("resources", "--resources", "memory=2")
        self.assert_exit(wrong, 2)
        self.assertIn("the unit is missing", wrong.stderr)


if __name__ == "__main__":
    unittest.main()

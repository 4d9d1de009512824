#!/usr/bin/env python3
"""Control over running work: deadlines, cancelling with a time of grace and by force, limits by key, queries."""

import json
import pathlib
import subprocess
import unittest

from support import TROUPE, SystemTest, troupe, write_documents

WAITS = "name: job\nsteps:\n  a: { wait: 1h }\n"


class ControlTest(SystemTest):
    def write(self, text: str, name: str = "job.yaml") -> pathlib.Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def run_job(self, *arguments, code: int = 0):
        done = troupe("run", *arguments, "--store", self.store, "--progress", "lines")
        self.assert_exit(done, code)
        return done

    def show(self, run: str = "job") -> dict:
        return json.loads(troupe("show", run, "--store", self.store, "--json", "--history").stdout)


class DeadlineTest(ControlTest):
    def assert_late(self, run: str = "job") -> None:
        shown = self.show(run)
        self.assertEqual((shown["status"], shown["failure"]["type"]), ("failed", "run.deadline_exceeded"))
        self.assertGreater(shown["deadline"], shown["started"])

    def test_a_run_past_its_deadline_fails(self):
        done = self.run_job(self.write(WAITS), "--id", "job", "--deadline", "300ms", code=1)
        self.assertIn("the run was not closed within its deadline of 300ms", done.stderr)
        self.assertIn("[run.deadline_exceeded]", done.stderr)
        self.assert_late()

    def test_a_run_that_nobody_had_is_ended_by_who_resumes_it(self):
        path = self.write(WAITS.replace("steps:", "deadline: 2s\nsteps:"))
        process = self.start_run(path, "--id", "job", until="waits until")
        process.kill()
        process.communicate()
        # Another run, whose timer fires when the deadline of this one is over.
        later = self.write("name: later\nsteps: { nap: { wait: 2500ms } }\n", "later.yaml")
        self.assert_exit(troupe("run", later, "--store", f"sqlite:{self.folder / 'later.db'}"), 0)
        done = self.run_job("--resume", "job", code=1)
        self.assertIn("[run.deadline_exceeded]", done.stderr)
        self.assert_late()
        self.assertNotIn("runRecovered", json.dumps(self.show()["history"]))

    def test_mistakes_say_where(self):
        done = self.run_job(self.write(WAITS.replace("steps:", "deadline: soon\nsteps:")), code=2)
        self.assertIn("job.yaml:2:11: error:", done.stderr)
        for odd in ("soon", "0s", "-1s"):
            done = troupe("run", self.write(WAITS), "--store", self.store, f"--deadline={odd}")
            self.assert_exit(done, 2)
            self.assertIn("--deadline", done.stderr)


class CancelTest(ControlTest):
    """Of a run whose one step is a shell script."""

    def start_script(self, script: str) -> subprocess.Popen:
        """@returns troupe, once the script has made the file `ready`."""
        step = {"agent": "process.run", "input": {"argv": ["sh", "-c", script]}, "retry": {"maximum_attempts": 1},
                "compensate": {"agent": "process.run", "input": {"argv": ["sh", "-c", f"touch {self.folder}/undone"]}}}
        path = self.write(f"name: job\nsteps:\n  work: {json.dumps(step)}\n")
        command = [TROUPE, "run", path, "--store", self.store, "--id", "job", "--allow-process", "/bin/sh"]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.wait_for(lambda: (self.folder / "ready").exists(), "the script to begin")
        return process

    def cancel(self, *arguments, status: str = "cancelled") -> None:
        done = troupe("cancel", "job", "--store", self.store, "--json", *arguments)
        self.assert_exit(done, 0)
        self.assertEqual(json.loads(done.stdout)["status"], status)

    def test_a_program_may_end_by_itself_and_is_undone(self):
        process = self.start_script(f"trap 'touch {self.folder}/told; exit 0' TERM; touch {self.folder}/ready; while :; do sleep 0.05; done")
        done = troupe("cancel", "job", "--store", self.store, "--grace", "60s", "--reason", "enough")
        self.assert_exit(done, 0)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)
        self.assertTrue((self.folder / "told").exists())
        self.assertTrue((self.folder / "undone").exists())
        shown = self.show()
        self.assertEqual((shown["status"], shown["reason"]), ("cancelled", "enough"))
        self.assertTrue(any("runCancelling" in event for event in shown["history"]))

    def test_a_program_that_does_not_end_is_killed_with_all_it_started(self):
        process = self.start_script(f"trap '' TERM; setsid sleep 313 & echo $! > {self.folder}/pid; touch {self.folder}/ready; "
                                    "while :; do sleep 0.05; done")
        self.cancel("--grace", "300ms")
        process.communicate(timeout=30)
        pid = int((self.folder / "pid").read_text())

        def gone() -> bool:
            try:
                return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except (FileNotFoundError, ProcessLookupError):
                return True
        self.wait_for(gone, f"process {pid} to end")
        self.assertFalse((self.folder / "undone").exists())  # it was not done

    def test_force_waits_for_nothing_and_undoes_nothing(self):
        process = self.start_script(f"trap '' TERM; touch {self.folder}/ready; while :; do sleep 0.05; done")
        self.cancel("--force")
        process.communicate(timeout=30)
        self.assertTrue(self.show()["history"][-1]["runCancelled"]["forced"])
        self.assertFalse((self.folder / "undone").exists())

    def test_odd_times_are_refused(self):
        process = self.start_script(f"touch {self.folder}/ready; sleep 100")
        for grace, code in (("soon", 2), ("-1s", 2), ("25h", 1)):
            done = troupe("cancel", "job", "--store", self.store, f"--grace={grace}")
            self.assert_exit(done, code)
            self.assertIn("grace", done.stderr)
        self.assert_exit(troupe("cancel", "job", "--store", self.store, "--force", "--grace", "1s"), 2)
        self.cancel()
        process.communicate(timeout=30)


class LimitsTest(ControlTest):
    def job(self, limits: str, step: str) -> pathlib.Path:
        write_documents(self.folder / "in", 5)
        return self.write("name: job\nsteps:\n"
                          f"  list: {{ agent: files.list, input: {{ folder: {self.folder / 'in'} }} }}\n"
                          f"  work: {{ {step}, for_each: \"${{steps.list.files}}\", limits: {limits} }}\n")

    def test_a_key_is_held_by_one_at_a_time(self):
        script = f"mkdir {self.folder}/lock || exit 9; sleep 0.1; rmdir {self.folder}/lock"
        path = self.job("[{ key: lock, concurrency: 1 }]", 'agent: process.run, retry: { maximum_attempts: 1 }, '
                        f'input: {{ argv: [sh, -c, "{script}"] }}')
        self.run_job(path, "--id", "job", "--allow-process", "/bin/sh")
        codes = [s for s in self.show()["history"] if "stepCompleted" in s and s["stepCompleted"]["attempt"]["step"] == "work"]
        self.assertEqual(len(codes), 5)
        self.assertFalse(any(s["stepCompleted"]["reply"].get("exitCode") for s in codes), codes)

    def test_a_rate_spaces_the_starts(self):
        path = self.job("[{ key: reads, rate: 10/s }]", 'agent: files.read, input: { path: "${item.path}", name: "${item.name}" }')
        done = json.loads(self.run_job(path, "--json").stdout)
        self.assertGreaterEqual(done["seconds"], 0.4)  # four times the interval

    def test_mistakes_say_where(self):
        path = self.job("[{ key: k, rate: fast }]", "agent: files.list")
        done = troupe("run", path, "--store", self.store)
        self.assert_exit(done, 2)
        self.assertRegex(done.stderr, r"job.yaml:4:\d+: error: bad rate 'fast'")


class QueryTest(ControlTest):
    def query(self, path: str, *more, code: int = 0) -> str:
        done = troupe("query", "job", path, "--store", self.store, *more)
        self.assert_exit(done, code)
        return done.stderr if code else done.stdout

    def test_values_of_a_run_are_read_from_outside(self):
        write_documents(self.folder / "in", 3)
        self.assert_exit(troupe(*self.run_arguments(self.folder / "in", self.folder / "out", "--id", "job")), 0)
        self.assertEqual(self.query("status"), "RUN_STATUS_COMPLETED\n")
        self.assertEqual(self.query("inputs.output"), f"{self.folder / 'out'}\n")
        names = json.loads(self.query("steps.list.files.name"))
        self.assertEqual(names, [f"document-{i:04}.txt" for i in range(3)])
        self.assertEqual(self.query("steps.read[1].name"), "document-0001.txt\n")
        answer = json.loads(self.query("steps.list.files.size_bytes", "--json"))
        self.assertEqual((answer["run"], answer["path"], answer["type"]), ("job", "steps.list.files.size_bytes", "list of uint64"))
        self.assertEqual(len(answer["value"]), 3)
        self.assertEqual(json.loads(self.query("progress.read"))["completed"], 3)

    def test_a_run_at_work_elsewhere_is_read_as_far_as_it_is(self):
        path = self.write("name: job\nsteps:\n  a: { wait: 1h }\n  b: { agent: files.list, input: { folder: . } }\n")
        with self.start_run(path, "--id", "job", until="step b[0] completed") as process:
            self.assertEqual(json.loads(self.query("progress.a"))["waiting"], 1)
            self.assertIn("step 'a' [0] has no reply: it is waiting", self.query("steps.a", code=1))
            self.assertIn("not at work in this process", self.query("heartbeats", code=1))
            process.kill()

    def test_odd_paths_are_refused(self):
        self.run_job(self.write("name: job\nsteps:\n  a: { wait: 1ms }\n"), "--id", "job")
        for odd, words in (("steps.b", "unknown step 'b'"), ("steps.a.x", "x"), ("nothing", "nothing"), ("steps.a[1]", "one instance")):
            self.assertIn(words, self.query(odd, code=2))
        self.assert_exit(troupe("query", "nobody", "status", "--store", self.store), 1)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Control over running work: deadlines."""

import json
import pathlib
import time
import unittest

from support import SystemTest, troupe

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
        time.sleep(2.2)
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


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Records histories of real runs, for `replay_test.py`: each must replay in every later build.

    tests/histories/record.py NAME...     adds tests/histories/NAME.json; one that is there is never written again
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
import support  # noqa: E402

EXAMPLES = support.ROOT / "examples"
FLAKY = """name: flaky
steps:
  tries:
    agent: process.run
    input: { argv: ["false"] }
    retry: { maximum_attempts: 3, initial_interval: 50ms }
    on_failure: continue
  reads:
    agent: process.run
    input: { argv: [echo, "code ${steps.tries.exit_code}"] }
  later: { wait: 200ms, needs: [tries] }
  last:
    agent: process.run
    needs: [later]
    input: { argv: ["true"] }
"""

# Long the first time, at once the next.
SLOW_ONCE = 'mkdir "$0/$1" 2>/dev/null && exec sleep 60; true'
SECOND = f"""name: second
inputs: {{ folder: string }}
steps:
  slow:
    agent: process.run
    speculate: {{ after: 200ms }}
    input: {{ argv: [sh, -c, '{SLOW_ONCE}', "${{inputs.folder}}", slow] }}
  breaks:
    agent: process.run
    speculate: {{ after: 200ms }}
    retry: {{ maximum_attempts: 1 }}
    input: {{ argv: [sh, -c, 'mkdir "$0/breaks" 2>/dev/null || {{ sleep 0.3; exit 0; }}; sleep 0.4; exit 1', "${{inputs.folder}}"] }}
  low:
    agent: process.run
    needs: [slow, breaks]
    priority: -10
    preemptible: true
    resources: {{ cpu: 1 }}
    input: {{ argv: [sh, -c, '{SLOW_ONCE}', "${{inputs.folder}}", low] }}
  nap: {{ wait: 300ms, needs: [slow, breaks] }}
  high:
    agent: process.run
    needs: [nap]
    priority: 10
    resources: {{ cpu: 1 }}
    input: {{ argv: [sh, -c, "true"] }}
"""


class Recorder:
    def __init__(self, folder: pathlib.Path):
        self.folder, self.store = folder, f"sqlite:{folder}/runs.db"
        self.documents = folder / "in"
        support.write_documents(self.documents, 3)

    def start(self, workflow, *more):
        return subprocess.Popen([support.TROUPE, "run", workflow, "--store", self.store, "--id", "job", *map(str, more)],
                                stdout=subprocess.DEVNULL)

    def folders(self):
        return "--input", f"folder={self.documents}", "--input", f"output={self.folder / 'out'}"

    def shown(self):
        done = support.troupe("show", "job", "--store", self.store, "--history", "--json")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def until(self, condition):
        limit = time.monotonic() + 60
        while not (self.folder / "runs.db").exists() or not condition(self.shown()["history"]):
            if time.monotonic() > limit:
                raise RuntimeError("the run did not come as far as awaited")
            time.sleep(0.05)

    def waits(self):
        self.until(lambda events: any("stepWaiting" in each for each in events))

    # What is recorded, by name.

    def completed(self):
        self.start(support.WORKFLOW, *self.folders()).wait()

    def retried(self):
        path = self.folder / "flaky.yaml"
        path.write_text(FLAKY)
        self.start(path, *(word for name in ("false", "true", "echo") for word in ("--allow-process", f"/usr/bin/{name}"))).wait()

    def approved(self):
        with self.start(EXAMPLES / "approve-folder.yaml", *self.folders()):
            self.waits()
            support.troupe("signal", "job", "approve", "--data", '{"approved": true, "by": "Ada"}', "--store", self.store)

    def recovered(self):
        with self.start(EXAMPLES / "approve-folder.yaml", *self.folders()) as process:
            self.waits()
            process.kill()
        with subprocess.Popen([support.TROUPE, "run", "--resume", "job", "--store", self.store], stdout=subprocess.DEVNULL):
            support.troupe("signal", "job", "approve", "--data", '{"approved": false}', "--store", self.store)

    def compensated(self):
        with self.start(EXAMPLES / "publish-folder.yaml", *self.folders()):
            self.waits()
            support.troupe("cancel", "job", "--reason", "not wanted", "--store", self.store)

    def children(self):
        self.start(EXAMPLES / "child-folder.yaml", *self.folders()).wait()

    def second(self):
        path = self.folder / "second.yaml"
        path.write_text(SECOND)
        self.start(path, "--input", f"folder={self.folder}", "--allow-process", "/bin/sh", "--resources", "cpu=1").wait()

    def failed(self):
        path = self.folder / "failing.yaml"
        path.write_text("name: failing\nsteps:\n  a: { agent: files.list, input: { folder: /nowhere } }\n")
        self.start(path).wait()

    def cancelled(self):
        with self.start(EXAMPLES / "approve-folder.yaml", *self.folders()):
            self.waits()
            support.troupe("cancel", "job", "--store", self.store)


def main(names):
    for name in names:
        path = HERE / f"{name}.json"
        if path.exists():
            sys.exit(f"{path} is there already; a history that was recorded stays")
        with tempfile.TemporaryDirectory() as folder:
            recorder = Recorder(pathlib.Path(folder))
            getattr(recorder, name)()
            shown = recorder.shown()
            path.write_text(json.dumps(shown, indent=1, ensure_ascii=False).replace(folder, "/tmp/recorded") + "\n")
            print(path.name, len(shown["history"]), "events", shown["status"])


if __name__ == "__main__":
    main(sys.argv[1:] or [each for each in vars(Recorder) if each in (
        "completed", "retried", "approved", "recovered", "compensated", "children", "failed", "cancelled", "second")])

"""What the system tests share: running the built command, and folders of documents made up on the spot."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TROUPE = pathlib.Path(os.environ.get("TROUPE_BINARY", ROOT / "build" / "release" / "troupe"))
WORKFLOW = ROOT / "examples" / "redact-folder.yaml"

PEOPLE = ["Amara Diallo", "Jonas Weber", "Priya Raman", "Oscar Eriksson", "Helena Marsh"]
PLACES = ["Geneva", "Rotterdam", "Oslo", "Singapore", "Lima"]


def troupe(*arguments, stdin: str | bytes | None = None, timeout: float = 120, **options):
    """Runs the command to its end and returns the finished process; output is text unless stdin is bytes."""
    text = not isinstance(stdin, bytes)
    return subprocess.run(
        [str(TROUPE), *map(str, arguments)], input=stdin, capture_output=True, text=text, timeout=timeout, **options
    )


def json_lines(text: str) -> list:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


# A process starts with the peak of the one that it was forked from, so a small one stands between.
MEASURE = """import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024, file=sys.stderr)"""


def troupe_measured(*arguments, output: pathlib.Path, **options) -> tuple:
    """Runs the command to its end, its output into a file. @returns exit code, its largest resident size in bytes, and
    what it wrote to standard error."""
    with output.open("wb") as out:
        done = subprocess.run([sys.executable, "-c", MEASURE, str(TROUPE), *map(str, arguments)], stdout=out,
                              stderr=subprocess.PIPE, text=True, **options)
    *said, last = done.stderr.splitlines()
    code, peak = map(int, last.split())
    return code, peak, "\n".join(said)


def write_documents(folder: pathlib.Path, count: int) -> None:
    """`count` small documents, each with a person, a place and two values that rules redact."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        person, place = PEOPLE[i % len(PEOPLE)], PLACES[i % len(PLACES)]
        (folder / f"document-{i:04}.txt").write_text(
            f"Report {i}\n\n{person} travelled to {place} on Monday. Write to person{i}@example.org,\n"
            f"or call (212) 555-{i % 10000:04}. The host was 192.0.2.{i % 250 + 1}.\n",
            encoding="utf-8",
        )


def can_mount() -> bool:
    """Whether a file system can be mounted here: root in a container may lack the right."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    probe = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    return probe.returncode == 0


@contextlib.contextmanager
def small_disk(place: pathlib.Path, size: str):
    """A file system of its own at `place`, which is made; gone afterwards."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


class SystemTest(unittest.TestCase):
    """A test with a folder of its own that is gone afterwards."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="troupe-system-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.store = f"sqlite:{self.folder / 'runs.db'}"

    def assert_exit(self, process, code: int) -> None:
        self.assertEqual(process.returncode, code, f"stdout: {process.stdout[:5000]}\nstderr: {process.stderr[:5000]}")

    def run_arguments(self, documents: pathlib.Path, output: pathlib.Path, *more) -> list:
        return ["run", WORKFLOW, "--store", self.store, "--input", f"folder={documents}",
                "--input", f"output={output}", *more]

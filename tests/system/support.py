"""What the system tests share: running the built command, and folders of documents made up on the spot."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TROUPE = pathlib.Path(os.environ.get("TROUPE_BINARY", ROOT / "build" / "release" / "troupe"))
WORKFLOW = ROOT / "examples" / "redact-folder.yaml"
# Packed weights are shared by the tests, and left to nobody.
os.environ.setdefault("TROUPE_CACHE_DIR", str(TROUPE.resolve().parent / "test-cache"))

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


class PostgresServer:
    """A PostgreSQL server of the test's own: a new cluster below `folder`, a free port of the loopback device, `fsync` on.

    It does not run as root: root starts it as the user `postgres`. It ends with this process, however that ends.
    Who comes over the network has PASSWORD; who comes through the socket needs none."""

    PASSWORD = "p@ss/word?"
    SECONDS = 60

    def __init__(self, folder: pathlib.Path, *settings: str, data: pathlib.Path | None = None):
        self.programs = self._programs()
        self.folder = folder
        self.data = data or folder / "data"
        self.settings = settings
        self.process = None
        folder.mkdir(exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for place in (folder, self.data.parent):
            self._give(place)
        (folder / "secret").write_text(self.PASSWORD)
        self._run("initdb", "-N", "-D", self.data, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256",
                  "--encoding=UTF8", "--locale=C", "--no-instructions", f"--pwfile={folder / 'secret'}",
                  f"--waldir={folder / 'wal'}")
        self.start()

    @staticmethod
    def _programs() -> pathlib.Path:
        named = os.environ.get("TROUPE_POSTGRES_BIN")
        found = [pathlib.Path(named)] if named else sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        found = [each for each in found if (each / "initdb").exists()]
        if not found:
            raise RuntimeError("PostgreSQL's programs are not installed; run tools/setup (package postgresql), "
                               "or name their folder in TROUPE_POSTGRES_BIN")
        return found[-1]

    @staticmethod
    def _give(place: pathlib.Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(place, "postgres", "postgres")

    def _command(self, program: str, *arguments) -> list:
        """Ends with this process: the server must not outlive a test that was killed."""
        who = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", *who, "--pdeathsig=QUIT", str(self.programs / program), *map(str, arguments)]

    def _run(self, program: str, *arguments, **options) -> str:
        done = subprocess.run(self._command(program, *arguments), capture_output=True, text=True, cwd="/", **options)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def start(self) -> None:
        more = [word for each in ("fsync=on", "shared_buffers=16MB", *self.settings) for word in ("-c", each)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command("postgres", "-D", self.data, "-k", self.folder, "-h", "127.0.0.1", "-p", self.port, *more),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        limit = time.monotonic() + self.SECONDS
        while True:
            try:
                return self.sql("SELECT 1") and None
            except RuntimeError as why:
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError(f"{why}{(self.folder / 'log').read_text()[-4000:]}") from why
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGINT)  # "fast": sessions are ended
            self.process.wait(timeout=self.SECONDS)
            self.process = None

    def kill(self) -> None:
        """Ends all its processes at once, as a power cut does but for the disk."""
        self.process.send_signal(signal.SIGSTOP)  # it starts nothing more
        task = self.process.pid
        for child in pathlib.Path(f"/proc/{task}/task/{task}/children").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self.process.kill()
        self.process.wait(timeout=self.SECONDS)
        self.process = None

    def sql(self, text: str) -> str:
        return self._run("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", self.port,
                         "-U", "postgres", "-d", "postgres", "-c", text)

    def store(self, schema: str = "troupe", user: str = "postgres", password: str | None = None) -> str:
        """An address over the network for `--store`; without a password it is left to PGPASSWORD and the like."""
        secret = "" if password is None else ":" + urllib.parse.quote(password, safe="")
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/postgres?schema={schema}"


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

    def start_run(self, *arguments, until: str) -> subprocess.Popen:
        """Starts `troupe run`, and sees it come to a line with `until`."""
        command = [TROUPE, "run", *arguments, "--store", self.store, "--progress", "lines"]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if until in line:
                return process
        return self.fail(f"it ended: {process.communicate()}")

    def use_postgres(self) -> PostgresServer:
        """Has the test's store on a server of its own, gone with the test."""
        self.folder.chmod(0o755)
        server = PostgresServer(self.folder / "server")
        self.addCleanup(server.stop)
        os.environ["PGPASSWORD"] = PostgresServer.PASSWORD
        self.store = server.store()
        return server

    def wait_for(self, what, described: str, seconds: float = 20):
        """What `what` gives once that is true of it; looks again and again, and fails after so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.02)
        return self.fail(f"waited {seconds} s for {described}")

    def assert_exit(self, process, code: int) -> None:
        self.assertEqual(process.returncode, code, f"stdout: {process.stdout[:5000]}\nstderr: {process.stderr[:5000]}")

    def run_arguments(self, documents: pathlib.Path, output: pathlib.Path, *more) -> list:
        return ["run", WORKFLOW, "--store", self.store, "--input", f"folder={documents}",
                "--input", f"output={output}", *more]


class PostgresSystemTest(SystemTest):
    """One server for all tests of a class; each test has a schema of its own there."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="troupe-postgres-")
        cls.addClassCleanup(holder.cleanup)
        pathlib.Path(holder.name).chmod(0o755)
        cls.server = PostgresServer(pathlib.Path(holder.name) / "server")
        cls.addClassCleanup(cls.server.stop)
        cls.schemas = 0

    def setUp(self):
        super().setUp()
        self.schema = self.new_schema()
        self.store = self.server.store(self.schema)
        environment = mock.patch.dict(os.environ, PGPASSWORD=PostgresServer.PASSWORD)
        environment.start()
        self.addCleanup(environment.stop)

    def new_schema(self) -> str:
        type(self).schemas += 1
        return f"test_{self.schemas}"

"""The rivals' Python: a virtual environment of our own with pinned versions, or one that exists already."""

import hashlib
import pathlib
import re
import subprocess
import sys

REQUIREMENTS = pathlib.Path(__file__).with_name("peers-requirements.txt")
# Without these no race can be prepared; without any other package its rival is missing.
NEEDED = {"torch", "transformers", "tokenizers", "numpy", "safetensors"}

MISSING = """
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        print(name, version(name))
    except PackageNotFoundError:
        print(name, "-")
"""


class PeersError(RuntimeError):
    """Says what was wrong and what to do about it."""


def names(requirements: pathlib.Path = REQUIREMENTS) -> list[str]:
    lines = (line.split("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines())
    return [re.split(r"[=<>!~ ]", line)[0] for line in lines if line]


def versions(python: pathlib.Path) -> dict:
    """What of the requirements `python` has: name -> version, None where it is missing."""
    try:
        done = subprocess.run([python, "-c", MISSING, *names()], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as failed:
        raise PeersError(f"{python} is no Python that runs: {failed}") from failed
    found = dict(line.split() for line in done.stdout.splitlines())
    return {name: None if each == "-" else each for name, each in found.items()}


def check(python: pathlib.Path) -> dict:
    found = versions(python)
    missing = [name for name, version in found.items() if version is None]
    if NEEDED & set(missing):
        raise PeersError(f"{python} lacks {', '.join(missing)}; install them there (pip install -r {REQUIREMENTS}), "
                         "or leave out --python to have an environment made")
    if missing:
        print(f"peers: warning: {python} lacks {', '.join(missing)}: rivals that need them are missing in the race", file=sys.stderr)
    return found


def make(folder: pathlib.Path, requirements: pathlib.Path = REQUIREMENTS) -> pathlib.Path:
    """The Python of the environment in `folder`, made where it is not there or had other requirements."""
    python, stamp = folder / "bin" / "python", folder / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"peers: making the rivals' environment in {folder} (some gigabytes from PyPI; once)", file=sys.stderr, flush=True)
    steps = ([sys.executable, "-m", "venv", "--clear", folder],
             [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-virtualenv", "-r", requirements])
    for step in steps:
        try:
            subprocess.run(list(map(str, step)), check=True)
        except (OSError, subprocess.CalledProcessError) as failed:
            raise PeersError(f"the rivals' environment could not be made: {failed}\nneeded: Python 3.11 with venv (package "
                             "python3-venv) and PyPI; or name an environment that has everything with --python PYTHON") from failed
    stamp.write_text(wanted)
    return python

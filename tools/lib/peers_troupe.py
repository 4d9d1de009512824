"""What the race needs to know of a troupe command: its precisions on this machine, its build.

peers_troupe.py TROUPE MODEL prints the precisions that run on this machine."""

import hashlib
import json
import pathlib
import re
import subprocess
import sys

from peers_env import PeersError


def offered(troupe: pathlib.Path) -> list[str]:
    """The precisions that the command knows, as its help names them; whether they run here is another question."""
    done = subprocess.run([troupe, "bench", "serve", "--help"], capture_output=True, text=True)
    found = re.search(r"--precision\s+([a-z0-9_|]+)", done.stdout)
    if done.returncode != 0 or not found:
        raise PeersError(f"{troupe} has no 'bench serve --precision': {done.stderr.strip() or 'build this tree'}")
    return [each for each in found[1].split("|") if each != "auto"]


def ask(troupe: pathlib.Path, *commands: dict, options=()) -> list[dict]:
    lines = "".join(json.dumps(each) + "\n" for each in commands)
    done = subprocess.run([troupe, "bench", "serve", *map(str, options)], input=lines, capture_output=True, text=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(commands):
        raise PeersError(f"{troupe} bench serve ended with status {done.returncode}: {done.stderr.strip()[-2000:]}")
    return answers


def describe(troupe: pathlib.Path) -> dict:
    """Processor, versions, commit, and the program's own checksum."""
    # No model is loaded for that; naming one saves the command from looking for its own.
    about, = ask(troupe, {"cmd": "about"}, options=("--model", "."))
    return {**about, "program": hashlib.sha256(troupe.read_bytes()).hexdigest()[:16]}


def precisions(troupe: pathlib.Path, model: pathlib.Path, wanted: str | None) -> dict:
    """Precision -> the engine's name, of those that run on this machine. @throws PeersError if `wanted` ones do not."""
    found, refused = {}, {}
    load = {"cmd": "load", "threads": 1, "workers": 1, "text": "Ada Lovelace"}
    names = offered(troupe) if wanted is None else [each for each in wanted.split(",") if each]
    for name in names:
        if name not in offered(troupe):
            raise PeersError(f"--precisions: {troupe} knows {', '.join(offered(troupe))}, not {name}")
        answer, = ask(troupe, load, options=("--model", model, "--precision", name))
        if "error" in answer:
            refused[name] = answer["error"]
        else:
            found[name] = answer["engine"]
    if not found or (wanted is not None and refused):
        raise PeersError("; ".join(f"precision {name}: {why}" for name, why in refused.items()))
    return found


if __name__ == "__main__":
    print(*precisions(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), None))

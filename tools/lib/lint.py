#!/usr/bin/env python3
"""Runs clang-tidy over sources, several at once, and skips those that passed before unchanged.

A source counts as unchanged when its preprocessed text, the checks and the command are the same; the hashes of what
passed are kept in <build>/../lint. Exits 1 when any source has a finding.
"""

import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys

TIDY = "clang-tidy-14"


def fingerprint(entry: dict, checks: str) -> str:
    """Hash of what clang-tidy would see of one source: its preprocessed text with comments, command and checks."""
    words = [w for w in shlex.split(entry["command"]) if w != "ccache"]
    drop = words.index("-o")
    words = words[:drop] + words[drop + 2 :]
    text = subprocess.run(words + ["-E", "-C", "-P"], cwd=entry["directory"], capture_output=True)
    if text.returncode != 0:
        return ""  # clang-tidy will say why
    return hashlib.sha256(text.stdout + entry["command"].encode() + checks.encode()).hexdigest()


def lint(entry: dict, build: pathlib.Path, checks: str, passed: pathlib.Path) -> tuple[str, str]:
    """Returns (state, output), state being ok, cached or failed."""
    stamp = passed / fingerprint(entry, checks)
    if stamp.is_file():
        return "cached", ""
    run = subprocess.run(
        [TIDY, "-p", str(build), "--quiet", entry["file"]], capture_output=True, text=True
    )
    if run.returncode != 0:
        return "failed", run.stdout + run.stderr
    if stamp.name:
        stamp.touch()
    return "ok", ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    checks = pathlib.Path(".clang-tidy").read_text()
    passed = args.build.parent / "lint"
    passed.mkdir(parents=True, exist_ok=True)
    commands = {
        pathlib.Path(e["file"]).resolve(): e
        for e in json.loads((args.build / "compile_commands.json").read_text())
    }
    wanted = [pathlib.Path(f).resolve() for f in args.files]
    unknown = [f for f in wanted if f not in commands]
    if unknown:
        print("lint: not part of the build: " + ", ".join(map(str, unknown)), file=sys.stderr)
        return 1
    counts = {"ok": 0, "cached": 0, "failed": 0}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = pool.map(lambda f: lint(commands[f], args.build, checks, passed), wanted)
        for number, (path, (state, output)) in enumerate(zip(wanted, results), start=1):
            counts[state] += 1
            if state == "failed":
                print(output, end="")
            if state == "failed" or number % 10 == 0 or number == len(wanted):
                print(f"lint: {number}/{len(wanted)} {path.name}: {state}", flush=True)
    print(f"lint: {counts['ok']} ok, {counts['cached']} unchanged, {counts['failed']} with findings")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs clang-tidy over sources, several at once, and skips those that passed before unchanged.

Most of the time of clang-tidy goes to the headers of the libraries, so sources with the same compiler flags are read
together, as one, `--batch` at a time. A batch that has a finding, or cannot be read as one, is halved until what is
said is said of one source alone. `--batch 1` looks at each alone from the start, which also shows that each
includes what it uses.

A batch counts as unchanged when its preprocessed text, the checks and the command are the same; the hashes of what
passed are kept in <build>/passed. Exits 1 when any source has a finding.
"""

import argparse
import concurrent.futures
import hashlib
import itertools
import json
import pathlib
import shlex
import subprocess
import sys

TIDY = "clang-tidy-14"


def flags_of(entry: dict) -> list[str]:
    """The compiler and its flags, without the launcher, the source and the output."""
    words = [w for w in shlex.split(entry["command"]) if w != "ccache"]
    drop = words.index("-o")
    words = words[:drop] + words[drop + 2 :]
    return [w for w in words if w not in ("-c", entry["file"])]


class linter:
    def __init__(self, build: pathlib.Path):
        self.build = build.resolve()
        self.checks = pathlib.Path(".clang-tidy").read_text()
        self.passed = self.build / "passed"
        self.batches = self.build / "batches"
        for folder in (self.passed, self.batches):
            folder.mkdir(parents=True, exist_ok=True)

    def stamp(self, source: pathlib.Path, flags: list[str]) -> pathlib.Path | None:
        """Named by all that clang-tidy would see: preprocessed text with comments, flags and checks."""
        text = subprocess.run(flags + ["-E", "-C", "-P", str(source)], cwd=self.build, capture_output=True)
        if text.returncode != 0:
            return None  # clang-tidy will say why
        return self.passed / hashlib.sha256(text.stdout + repr(flags).encode() + self.checks.encode()).hexdigest()

    def lint(self, source: pathlib.Path, flags: list[str]) -> tuple[str, str]:
        """Returns (state, output), state being ok, unchanged or failed."""
        stamp = self.stamp(source, flags)
        if stamp and stamp.is_file():
            return "unchanged", ""
        run = subprocess.run([TIDY, "--quiet", str(source), "--", *flags[1:]], capture_output=True, text=True)
        if run.returncode != 0:
            return "failed", run.stdout + run.stderr
        if stamp:
            stamp.touch()
        return "ok", ""

    def lint_together(self, sources: list[pathlib.Path], flags: list[str]) -> list[tuple[pathlib.Path, str, str]]:
        if len(sources) == 1:
            return [(sources[0], *self.lint(sources[0], flags))]
        name = hashlib.sha256(repr((sources, flags)).encode()).hexdigest()[:16]
        batch = self.batches / f"{name}.cpp"
        batch.write_text(
            "".join(f'#include "{s}"  // NOLINT(bugprone-suspicious-include)\n' for s in sources)
        )
        state, _ = self.lint(batch, flags)
        if state != "failed":
            return [(s, state, "") for s in sources]
        half = len(sources) // 2
        return self.lint_together(sources[:half], flags) + self.lint_together(sources[half:], flags)


def chunks(sources: list[pathlib.Path], size: int) -> list[list[pathlib.Path]]:
    return [sources[i : i + size] for i in range(0, len(sources), size)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a configured build with compile_commands.json")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    commands = {
        pathlib.Path(e["file"]).resolve(): flags_of(e)
        for e in json.loads((args.build / "compile_commands.json").read_text())
    }
    wanted = sorted({pathlib.Path(f).resolve() for f in args.files})
    unknown = [f for f in wanted if f not in commands]
    if unknown:
        print("lint: not part of the build: " + ", ".join(map(str, unknown)), file=sys.stderr)
        return 1
    work = []
    for flags, group in itertools.groupby(sorted(wanted, key=lambda f: (commands[f], f)), key=commands.get):
        work += [(chunk, flags) for chunk in chunks(list(group), args.batch)]
    counts = {"ok": 0, "unchanged": 0, "failed": 0}
    tool = linter(args.build)
    done = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for results in pool.map(lambda one: tool.lint_together(*one), work):
            for path, state, output in results:
                done += 1
                counts[state] += 1
                if state == "failed":
                    print(output, end="")
                    print(f"lint: {path}: failed", flush=True)
            print(f"lint: {done}/{len(wanted)}", flush=True)
    print(f"lint: {counts['ok']} ok, {counts['unchanged']} unchanged, {counts['failed']} with findings")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

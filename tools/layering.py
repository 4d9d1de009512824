#!/usr/bin/env python3
"""Checks who includes whom, against the table of layers in docs/architecture.md.

Reads the #include lines of the tracked sources, no compiler needed. Exits 1 and names file and line of every breach.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# folder -> project folders it may include (itself always); longest match wins
LAYERS = {
    "kernels": set(),
    "actors": {"kernels", "schemas"},
    "cluster": {"actors", "kernels", "schemas"},
    "tools": {"kernels", "actors", "cluster", "schemas"},
    "tests": {"kernels", "actors", "cluster", "schemas", "tools"},
    "examples": {"kernels", "actors", "cluster", "schemas"},
}
# third-party header prefix -> the only folders (or beginnings of file names) that may include it; benchmarks measure CAF and
# SQLite bare
VENDORS = {
    "caf/": ("actors", "cluster", "tests", "tools/troupe/bench"),
    "google/protobuf": ("actors", "cluster", "tools", "tests", "examples"),
    "dnnl": ("kernels/cpu", "tests/kernels/cpu"),
    "oneapi/dnnl": ("kernels/cpu", "tests/kernels/cpu"),
    "hwy/": ("kernels", "tests/kernels"),
    "omp.h": ("kernels/cpu",),
    "sqlite3.h": ("actors/workflow", "tests/actors/workflow", "tests/system", "tools/troupe/bench"),
    "pqxx/": ("actors/workflow/postgres/", "tests/actors/workflow", "tests/support"),
    "yaml-cpp/": ("actors/workflow", "tests/actors/workflow"),
    "CLI/": ("tools",),
    "grpc": ("cluster/fabric/grpc", "tests/cluster/fabric", "tools/troupe/bench"),
    "hwloc": ("actors/scheduling/resources", "tests/actors/scheduling/resources"),
}


def layer_of_header(name: str) -> str | None:
    """The project folder a quoted include belongs to, or None for a third-party header."""
    if name.startswith("troupe/v"):
        return "schemas"
    first = name.split("/", 1)[0]
    return first if first in LAYERS else None


def breaches_of(path: pathlib.PurePosixPath, text: str) -> list[str]:
    folder = path.parts[0]
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(2)
        target = layer_of_header(name)
        where = f"{path}:{number}"
        if target and target != folder and target not in LAYERS[folder]:
            found.append(f"{where}: {folder}/ may not include {target}/ ({name})")
        if target and "/internal/" in name and not name.startswith(str(path.parent)):
            found.append(f"{where}: {name} is internal to its folder")
        for prefix, allowed in VENDORS.items():
            if name.startswith(prefix) and not str(path).startswith(allowed):
                found.append(f"{where}: <{name}> belongs to {', '.join(allowed)} alone")
    return found


def main() -> int:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    ).stdout.split("\n")
    sources = [pathlib.PurePosixPath(f) for f in listed if f.endswith((".cpp", ".hpp", ".cu", ".cuh", ".inc"))]
    sources = [p for p in sources if p.parts[0] in LAYERS and (ROOT / p).is_file()]
    breaches = [b for p in sources for b in breaches_of(p, (ROOT / p).read_text(encoding="utf-8"))]
    print("\n".join(breaches), end="\n" if breaches else "")
    print(f"layering: {len(sources)} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Races troupe against other engines: text to entities by bench_ner.py, tokenizers by bench_tokenizer.py, all of them in
turns on this machine. Figures go to build/bench/race-*.jsonl, from which tools/bench writes the page.

What is finished is not run again: a race of the same settings by the same program is kept, so a run that was
interrupted goes on with the next one.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys

import peers_env
import peers_race
from peers_env import PeersError

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NEIGHBOURS = ROOT.parent / "shared"
SCRIPTS = ("bench_ner.py", "bench_tokenizer.py", "common.py")
RACES = ("minilm", "base", "tokenizer")
# Of --quick: enough to see that everything runs. No figure of it is worth a look.
QUICK = {"rounds": 2, "sentences": 200, "per_round": 24, "docs": 1, "latency_n": 8, "megabytes": 1.0, "random": 50}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/bench peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--scripts", type=pathlib.Path, metavar="DIR", help="folder with bench_ner.py, bench_tokenizer.py and common.py "
        "(default: ../shared/peers where that exists)")
    add("--data", type=pathlib.Path, nargs="+", metavar="FILE", help="sentences in CoNLL columns with -DOCSTART- lines; further files "
        "only for the tokenizers' identity (default: ../shared/data/conll2003/valid.txt where that exists)")
    add("--model", type=pathlib.Path, metavar="DIR", default=ROOT / "models" / "ner-default", help="folder of the model of shape "
        "minilm (default: models/ner-default); its word-shape token types are left out, since rivals do not know them")
    add("--python", type=pathlib.Path, help="Python of an environment that has everything (default: one is made in .deps/peers)")
    add("--troupe", type=pathlib.Path, help="a built troupe command (default: the release preset, built now)")
    add("--shapes", default="minilm,base", metavar="LIST", help="of minilm (6 x 384), base (12 x 768, random weights); "
        "empty for none (default: %(default)s)")
    add("--rivals", metavar="LIST", help="names of bench_ner.py's rivals (default: all)")
    add("--precisions", metavar="LIST", help="of troupe (default: all that run on this machine)")
    add("--tokenizers", metavar="LIST", help="names of bench_tokenizer.py's rivals; empty for no such race (default: all)")
    add("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of modes with several (default: all processors)")
    add("--modes", metavar="LIST", help="of bench_ner.py: sent1,doc1,lat1,sentN,docN,latN (default)", default="sent1,doc1,lat1,sentN,docN,latN")
    add("--rounds", type=int, help="of every mode, engines in shuffled turns (default: 7)")
    add("--sentences", type=int, help="the first N of the data (default: 2000)")
    add("--per-round", type=int, help="drawn from them, the same for all (default: 500, of base 100)")
    add("--docs", type=int, help="documents of 512 tokens (default: 8, of base 4)")
    add("--latency-n", type=int, help="sentences timed one by one (default: 100)")
    add("--quick", action="store_true", help="a few sentences and two rounds, to see that everything runs")
    add("--again", action="store_true", help="run finished races again")
    add("--out", type=pathlib.Path, metavar="DIR", help="folder of figures and models (default: build/bench, which makes the page; with "
        "--quick build/bench/quick, which does not)")
    given = parser.parse_args()
    for name in ("rounds", "sentences", "per_round", "docs", "latency_n"):
        value = getattr(given, name)
        if value is not None and value < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if given.threads < 1:
        parser.error("--threads must be at least 1")
    shapes = [each for each in given.shapes.split(",") if each]
    if set(shapes) - set(RACES[:2]):
        parser.error(f"--shapes: there are minilm and base, not {given.shapes}")
    given.shapes = shapes
    given.work = given.out / "peers" if given.out else ROOT / "build" / "bench" / "peers"
    if given.out is None:
        given.out = ROOT / "build" / "bench" / ("quick" if given.quick else "")
    return given


def find_inputs(given: argparse.Namespace) -> None:
    """Fills in what was not given. @throws PeersError saying what to give."""
    if given.scripts is None:
        given.scripts = NEIGHBOURS / "peers"
        if not given.scripts.is_dir():
            raise PeersError(f"the rivals' scripts are not in {given.scripts}; name their folder with --scripts DIR "
                             f"(it has {', '.join(SCRIPTS)})")
    missing = [name for name in SCRIPTS if not (given.scripts / name).is_file()]
    if missing:
        raise PeersError(f"{given.scripts} has no {', '.join(missing)}; name the folder of the rivals' scripts with --scripts DIR")
    if given.data is None:
        given.data = [NEIGHBOURS / "data" / "conll2003" / "valid.txt"]
    for file in given.data:
        if not file.is_file():
            raise PeersError(f"{file} is no file; name sentences in CoNLL columns with --data FILE")
    if not (given.model / "model.safetensors").is_file():
        raise PeersError(f"{given.model} has no model.safetensors; name a model's folder with --model DIR")


def build() -> pathlib.Path:
    script = '. "$1/tools/lib/common.sh"; root=$1; tool=bench; "$root/tools/setup" && build_preset release --target troupe_cli'
    # Its own output is progress.
    done = subprocess.run(["bash", "-c", script, str(ROOT / "tools" / "bench"), str(ROOT)], stdout=sys.stderr)
    if done.returncode != 0:
        raise PeersError("troupe could not be built; see above, or name a built one with --troupe BINARY")
    return ROOT / "build" / "release" / "troupe"


def interrupted(*_) -> None:
    raise KeyboardInterrupt


def main() -> int:
    given = parse()
    signal.signal(signal.SIGTERM, interrupted)
    try:
        find_inputs(given)
        if given.troupe is not None and not os.access(given.troupe, os.X_OK):
            raise PeersError(f"{given.troupe} is no program")
        troupe = (given.troupe or build()).resolve()
        python = given.python or peers_env.make(ROOT / ".deps" / "peers")
        versions = peers_env.check(python)
        given.out.mkdir(parents=True, exist_ok=True)
        setting = peers_race.Setting(given.scripts.resolve(), given.data, python, versions, troupe, given.out.resolve(),
                                     given.work.resolve(), given.again)
        for shape in given.shapes:
            peers_race.race_ner(setting, ner_race(given, shape), given.model.resolve())
        if given.tokenizers != "":
            peers_race.race_tokenizers(setting, tokenizer_race(given), given.model.resolve())
    except PeersError as failed:
        print(f"peers: error: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("peers: interrupted; finished races are kept, the same command goes on with the next one", file=sys.stderr)
        return 128 + signal.SIGINT
    return 0


def chosen(given: argparse.Namespace, name: str, usual):
    value = getattr(given, name, None)
    return value if value is not None else QUICK[name] if given.quick else usual


def ner_race(given: argparse.Namespace, shape: str) -> peers_race.NerRace:
    base = shape == "base"
    return peers_race.NerRace(
        shape=shape, threads=given.threads, modes=given.modes, rivals=given.rivals, precisions=given.precisions,
        rounds=chosen(given, "rounds", 7), sentences=chosen(given, "sentences", 2000), per_round=chosen(given, "per_round", 100 if base else 500),
        docs=chosen(given, "docs", 4 if base else 8), latency_n=chosen(given, "latency_n", 100))


def tokenizer_race(given: argparse.Namespace) -> peers_race.TokenizerRace:
    return peers_race.TokenizerRace(threads=given.threads, rivals=given.tokenizers, rounds=chosen(given, "rounds", 7),
                                    megabytes=chosen(given, "megabytes", 20.0), random=chosen(given, "random", 2000))


if __name__ == "__main__":
    sys.exit(main())

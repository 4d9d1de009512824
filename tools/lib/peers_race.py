"""One race of engines: prepared, run, its lines of JSON kept. Every file begins with a line "race" that says what was raced;
the lines of the rivals' script follow as they are."""

import dataclasses
import hashlib
import json
import os
import pathlib
import random
import selectors
import shutil
import signal
import subprocess
import sys
import time

import peers_troupe
from peers_env import PeersError

LIB = pathlib.Path(__file__).resolve().parent
BEGAN = time.monotonic()
# Without news of its own, a race says so often that it is still at it.
QUIET_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Setting:
    """What all races share."""
    scripts: pathlib.Path
    data: list
    python: pathlib.Path
    versions: dict
    troupe: pathlib.Path
    out: pathlib.Path
    # Models and logs.
    work: pathlib.Path
    again: bool


@dataclasses.dataclass(frozen=True)
class NerRace:
    shape: str
    threads: int
    modes: str
    rivals: str | None
    precisions: str | None
    rounds: int
    sentences: int
    per_round: int
    docs: int
    latency_n: int


@dataclasses.dataclass(frozen=True)
class TokenizerRace:
    threads: int
    rivals: str | None
    rounds: int
    megabytes: float
    random: int


def say(words: str) -> None:
    print(f"peers: [{time.monotonic() - BEGAN:5.0f}s] {words}", file=sys.stderr, flush=True)


def read_lines(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def pass_on(running: subprocess.Popen, name: str) -> list[str]:
    """Passes on the lines "# ..." by which a script tells how far it is. @returns its last lines at the end."""
    last = []
    with selectors.DefaultSelector() as ready:
        ready.register(running.stderr, selectors.EVENT_READ)
        while True:
            if not ready.select(QUIET_SECONDS):
                if running.poll() is not None:
                    return last  # what it left holds its standard error
                say(f"{name}: still at work")
                continue
            line = running.stderr.readline()
            if not line:
                return last
            line = line.decode(errors="replace").rstrip()
            last = [*last[-20:], line]
            if line.startswith("# "):
                say(f"{name}: {line[2:]}")


def end_group(leader: int) -> None:
    """Ends what a script left: engines that it stopped would stay for ever."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(command: list, name: str, log: pathlib.Path) -> None:
    """Runs one script with its engines, its output into `log`. None of them outlives this call, however it ends."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out, subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.PIPE, bufsize=0,
                                                 start_new_session=True) as running:
        try:
            last = pass_on(running, name)
            running.wait()
        finally:
            end_group(running.pid)
    if running.returncode != 0:
        raise PeersError(f"{name}: {pathlib.Path(command[1]).name} ended with status {running.returncode}; its output is in {log}\n"
                         + "\n".join(last))


def finished(setting: Setting, path: pathlib.Path, wanted: dict) -> bool:
    """Whether that race was run already, by the same program and to the end."""
    if setting.again or not path.is_file():
        return False
    lines = read_lines(path)
    return bool(lines) and {key: lines[0].get(key) for key in wanted} == json.loads(json.dumps(wanted))


def keep(path: pathlib.Path, race: dict, lines: list[dict]) -> None:
    new = path.with_suffix(".new")
    new.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in [race, *lines]), encoding="utf-8")
    new.replace(path)
    say(f"{race['race']}: figures in {path}")


def what_raced(setting: Setting, name: str, race) -> dict:
    return {"name": "race", "race": name, "settings": dataclasses.asdict(race), "data": setting.data[0].name,
            "troupe": peers_troupe.describe(setting.troupe), "rivals": setting.versions}


# ------------------------------------------------------------------------------------------------------ text to entities
def digest(*files: pathlib.Path) -> str:
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()


def prepare_model(setting: Setting, model: pathlib.Path) -> pathlib.Path:
    """The model as every engine reads it. What was made of another model, data or packages goes."""
    stamp = setting.work / "made-of"
    made_of = digest(model / "model.safetensors", model / "config.json", setting.data[0], LIB / "plain_model.py") + json.dumps(setting.versions)
    plain = setting.work / "model"
    if not stamp.is_file() or stamp.read_text() != made_of:
        shutil.rmtree(setting.work, ignore_errors=True)
        setting.work.mkdir(parents=True)
        run([setting.python, LIB / "plain_model.py", model, plain], "model", setting.work / "log_model.txt")
        stamp.write_text(made_of)
    return plain


def distinct(setting: Setting, race: NerRace) -> dict:
    """How many of the sentences are distinct: of all, and of those drawn for the rounds as bench_ner.py draws them."""
    script = "import sys, json; sys.path.insert(0, sys.argv[1]); from common import read_sentences; print(json.dumps(read_sentences(sys.argv[2])))"
    done = subprocess.run([setting.python, "-c", script, setting.scripts, setting.data[0]], capture_output=True, text=True)
    if done.returncode != 0:
        raise PeersError(f"{setting.data[0]} cannot be read as CoNLL columns: {done.stderr.strip()[-500:]}")
    sentences = json.loads(done.stdout)[:race.sentences]
    if len(sentences) < 128:
        raise PeersError(f"{setting.data[0]} has {len(sentences)} sentences; the race wants 128 or more in CoNLL columns")
    drawn = sentences if race.per_round >= len(sentences) else random.Random(7).sample(sentences, race.per_round)
    return {"sentences": len(drawn), "distinct_sentences": len(set(drawn))}


def ner_command(setting: Setting, race: NerRace, plain: pathlib.Path) -> list:
    return [setting.python, setting.scripts / "bench_ner.py", "--model", plain, "--data", setting.data[0], "--shape", race.shape,
            "--workdir", setting.work, "--threads", race.threads]


def known_rivals(setting: Setting) -> list[str]:
    script = "import sys, json; sys.path.insert(0, sys.argv[1]); from bench_ner import RIVALS; print(json.dumps(RIVALS))"
    done = subprocess.run([setting.python, "-c", script, setting.scripts], capture_output=True, text=True)
    if done.returncode != 0:
        raise PeersError(f"{setting.scripts}/bench_ner.py has no RIVALS: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def engines(setting: Setting, race: NerRace, found: dict) -> list:
    """The --exec options of troupe, one for each precision. The script splits commands at blanks."""
    out = []
    for precision in found:
        command = f"{setting.troupe} bench serve --model {setting.work}/ner_{race.shape}/hf --precision {precision}"
        if " " in str(setting.troupe) or " " in str(setting.work):
            raise PeersError(f"no path may have a blank in it: {command}")
        out += ["--exec", f"troupe_{precision}={command}"]
    return out


def race_ner(setting: Setting, race: NerRace, model: pathlib.Path) -> None:
    path, name = setting.out / f"race-{race.shape}.jsonl", f"ner {race.shape}"
    wanted = what_raced(setting, name, race)
    if finished(setting, path, wanted):
        return say(f"{name}: kept, it was run already with these settings (--again runs it again)")
    counts = distinct(setting, race)
    plain = prepare_model(setting, model)
    command = ner_command(setting, race, plain)
    say(f"{name}: preparing the rivals' models")
    try:
        run([*command, "--prepare-only"], name, setting.work / f"log_{race.shape}_prepare.txt")
    except PeersError as failed:
        raise PeersError(f"{failed}\nmore in {setting.work}/ner_{race.shape}/log_prepare.txt") from failed
    found = peers_troupe.precisions(setting.troupe, setting.work / f"ner_{race.shape}" / "hf", race.precisions)
    say(f"{name}: troupe in {', '.join(found)}; {race.rounds} rounds of {counts['sentences']} sentences in {race.modes}")
    lines = setting.work / f"lines_{race.shape}.jsonl"
    lines.unlink(missing_ok=True)
    options = ["--rounds", race.rounds, "--sentences", race.sentences, "--per-round", race.per_round, "--docs", race.docs,
               "--latency-n", race.latency_n, "--modes", race.modes, *(["--rivals", race.rivals] if race.rivals is not None else [])]
    run([*command, *options, *engines(setting, race, found), "--out", lines], name, setting.work / f"log_{race.shape}.txt")
    kept = read_lines(lines)
    if not kept or kept[-1]["name"] != "roofline":
        raise PeersError(f"{name}: bench_ner.py did not come to its end; see {setting.work}/log_{race.shape}.txt")
    missing = {each["name"]: each["error"] for each in kept if "error" in each}
    for rival, why in {**kept[0].get("notes", {}), **missing}.items():
        say(f"{name}: warning: {rival}: {why}")
    keep(path, {**wanted, **counts, "engines": found, "known_rivals": known_rivals(setting)}, kept)


# ------------------------------------------------------------------------------------------------------------ tokenizers
WRITE_TEXTS = """
import argparse, json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import bench_tokenizer
given = argparse.Namespace(**json.loads(sys.argv[2]))
for name, texts in zip(("sentences", "big"), bench_tokenizer.texts(given)):
    pathlib.Path(sys.argv[3], f"texts_{name}.txt").write_text("".join(text + "\\n" for text in texts), encoding="utf-8")
"""


def write_texts(setting: Setting, race: TokenizerRace) -> None:
    """The texts that the rivals are timed on, one per line, by the script's own function."""
    wanted = json.dumps({"data": list(map(str, setting.data)), "mb": race.megabytes, "random": 0})
    done = subprocess.run([setting.python, "-c", WRITE_TEXTS, setting.scripts, wanted, setting.work], capture_output=True, text=True)
    if done.returncode != 0:
        raise PeersError(f"tokenizer: the texts of bench_tokenizer.py cannot be had: {done.stderr.strip()[-1000:]}")


def own_tokenizer(setting: Setting, race: TokenizerRace, plain: pathlib.Path) -> dict:
    """The figures of `troupe bench tokenizer` on the same texts: by set of texts and name."""
    found = {}
    for texts in ("sentences", "big"):
        command = [setting.troupe, "bench", "tokenizer", "--model", plain, "--data", setting.work / f"texts_{texts}.txt", "--format", "lines",
                   "--repetitions", race.rounds, "--json"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode != 0:
            raise PeersError(f"tokenizer: {' '.join(map(str, command))}: {done.stderr.strip()[-1000:]}")
        figures = [json.loads(line) for line in done.stdout.splitlines()]
        found[texts] = {each["name"]: {key: each[key] for key in ("value", "min", "max", "unit")} for each in figures}
    return found


def race_tokenizers(setting: Setting, race: TokenizerRace, model: pathlib.Path) -> None:
    path = setting.out / "race-tokenizer.jsonl"
    wanted = what_raced(setting, "tokenizer", race)
    if finished(setting, path, wanted):
        return say("tokenizer: kept, it was run already with these settings (--again runs it again)")
    plain = prepare_model(setting, model)
    write_texts(setting, race)
    lines = setting.work / "lines_tokenizer.jsonl"
    lines.unlink(missing_ok=True)
    say(f"tokenizer: {race.rounds} rounds of the sentences and of {race.megabytes:g} MB")
    own = [own_tokenizer(setting, race, plain)]
    command = [setting.python, setting.scripts / "bench_tokenizer.py", "--model", plain, "--data", *setting.data, "--threads", race.threads,
               "--rounds", race.rounds, "--mb", race.megabytes, "--random", race.random, "--workdir", setting.work, "--out", lines]
    run([*command, *(["--rivals", race.rivals] if race.rivals is not None else [])], "tokenizer", setting.work / "log_tokenizer.txt")
    own.append(own_tokenizer(setting, race, plain))
    kept = read_lines(lines)
    keep(path, wanted, [*kept, {"name": "troupe", "kind": "tokenizer", "before": own[0], "after": own[1]}])

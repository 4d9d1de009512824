"""The tokenizers' part of the race: troupe's own figures beside bench_tokenizer.py's."""

import pathlib

from bench_svg import number
from bench_tables import read_lines, table, verdict

# At least so many times the rate of: (rival, set of texts, goal).
GOALS = (("hf_encode_batch_offsets", "sentences", 40.0), ("nanotoken", "sentences", 0.7), ("nanotoken_cold_cache", "sentences", 1.5))
SETS = {"sentences": "the sentences", "big": "the large text"}


class Tokenizers:
    def __init__(self, path: pathlib.Path):
        lines = read_lines(path)
        by_name = {line["name"]: line for line in lines}
        self.race, self.meta = by_name.get("race", {}), by_name.get("meta", {})
        self.own = by_name.get("troupe", {})
        self.rivals = {name: line for name, line in by_name.items() if name not in ("race", "meta", "troupe")}

    def own_rate(self, texts: str) -> dict | None:
        """MB per core-second before and after the rivals: the slower median, lest a lucky minute count."""
        found = [run[texts]["bytes.per_core_second"] for when in ("before", "after")
                 if "bytes.per_core_second" in (run := self.own.get(when, {})).get(texts, {})]
        return min(found, key=lambda each: each["value"]) if found else None

    def rate(self, rival: str, texts: str) -> float | None:
        return self.rivals.get(rival, {}).get(f"{texts}_1t", {}).get("mb_per_cpu_s", {}).get("median")

    def ratio(self, rival: str, texts: str) -> float | None:
        own, other = self.own_rate(texts), self.rate(rival, texts)
        return own["value"] / other if own and other else None


def tokenizer_goals(found: Tokenizers | None) -> list[list]:
    if found is None:
        return []
    return [[f"tokenizer: MB per core-second over {rival}'s, {SETS[texts]}", f">= {least:g} ratio", f"{ratio:.3g}", verdict(f">= {least}", ratio)]
            for rival, texts, least in GOALS if (ratio := found.ratio(rival, texts)) is not None]


def tokenizer_section(found: Tokenizers | None) -> list[str]:
    if found is None:
        return []
    shown = lambda value: "" if value is None else number(value)
    rows = [["**troupe**", *(shown((found.own_rate(texts) or {}).get("value")) for texts in SETS), "", "", "yes", "see the golden tests"]]
    for name, rival in found.rivals.items():
        identical = [rival.get(f"identical_{texts}_pct", "") for texts in ("corpus", "unicode")]
        rows.append([f"{name} {rival.get('version') or ''}".strip(), *(shown(found.rate(name, texts)) for texts in SETS),
                     *(shown(found.ratio(name, texts)) for texts in SETS), "yes" if rival.get("offsets") else "no",
                     " / ".join(map(str, identical)) if any(each != "" for each in identical) else ""])
    meta = found.meta
    about = found.race.get("troupe", {})
    return ["### Tokenizers beside others", "",
            f"One thread; {meta.get('sentences')} sentences, and {meta.get('big_mb')} MB of their words in random order; {meta.get('rounds')} rounds. Rivals take "
            "turns; troupe reads the same texts just before and just after them, and the slower median counts. The last column is the share of texts on which the "
            "ids are Hugging Face's (sentences / random Unicode). " + (f"Commit {about['commit']}." if about else ""), "",
            *table(["tokenizer", "MB/core-s, sentences", "MB/core-s, large text", "troupe over it, sentences", "troupe over it, large text", "offsets",
                    "identical %"], rows, {1, 2, 3, 4})]

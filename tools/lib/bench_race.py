"""Tables and goals of the race against other engines, from the files that `tools/bench peers` keeps."""

import dataclasses
import pathlib
import statistics

from bench_svg import Bar, Panel, number
from bench_tables import read_lines, spread, table, verdict

PRECISIONS = ("fp32", "bf16", "int8")
# The bare products of bench_ner.py that stand for a precision; the fastest counts.
ROOFS = {"fp32": ("torch_fp32", "onednn_fp32"), "bf16": ("torch_bf16",), "int8": ("torch_int_mm", "ort_u8s8")}
PIPELINE, QUICK_LATENCY = "hf_pipeline_fp32", "ort_int8_dynamic"
SHAPES = {"minilm": "MiniLM shape, 6 x 384", "base": "BERT-base shape, 12 x 768, random weights"}
# Of sentences on one thread, by CPU time: shape -> precision -> (against whom, at least).
RATIOS = {"minilm": {"fp32": ("same", 1.0), "bf16": ("same", 1.08), "int8": ("any", 1.2)},
          "base": {"fp32": ("same", 1.0), "bf16": ("same", 1.05), "int8": ("any", 1.15)}}
SHARES = {"minilm": {"bf16": 0.80, "int8": 0.62}, "base": {"bf16": 0.82, "int8": 0.76}}
DOCUMENT_SHARE, PIPELINE_RATIO, LATENCY_RATIO, THREADS_RATIO = 0.9, 5.0, 1.7, 1.9


def precision_of(name: str) -> str:
    """Empty for "troupe" of older files, which did not say what its automatic precision was."""
    return "" if name == "troupe" else next((each for each in ("int8", "bf16") if each in name), "fp32")


def ours(name: str) -> bool:
    return name.startswith("troupe")


@dataclasses.dataclass
class Race:
    """One shape: who took part (name -> line), and what the bare products gave."""
    race: dict
    meta: dict
    engines: dict
    roofs: dict

    @property
    def shape(self) -> str:
        return self.meta["shape"]

    def absent(self) -> list[str]:
        """The rivals that the script knows and that did not come to the end."""
        return [name for name in self.race.get("known_rivals", []) if not self.rate(name, "sent1")]

    @property
    def complete(self) -> bool:
        return "known_rivals" in self.race and not self.absent()

    def rate(self, name: str, mode: str, clock: str = "tokens_per_cpu_s") -> dict | None:
        return self.engines.get(name, {}).get(mode, {}).get(clock)

    def best_rival(self, mode: str, precision: str | None) -> tuple[str, float] | None:
        found = [(self.rate(name, mode)["median"], name) for name in self.engines
                 if not ours(name) and self.rate(name, mode) and precision in (None, precision_of(name))]
        return max(found)[::-1] if found else None

    def over(self, name: str, mode: str, rival: str | None) -> float | None:
        own, other = self.rate(name, mode), self.rate(rival, mode) if rival else None
        return own["median"] / other["median"] if own and other else None

    def over_best(self, name: str, mode: str, precision: str | None) -> float | None:
        best = self.best_rival(mode, precision)
        return self.over(name, mode, best[0]) if best else None

    def roof_share(self, name: str, mode: str) -> float | None:
        gflops = self.engines[name].get(mode, {}).get("gflops_per_core_by_cpu_time")
        roof = self.roofs.get(precision_of(name))
        return gflops / roof if gflops and roof else None

    def modes(self, kind: str) -> list[str]:
        known = [f"{kind}1", f"{kind}{self.meta['threads']}", f"{kind}{self.meta['threads']}_intra"]
        return [mode for mode in dict.fromkeys(known) if any(mode in each for each in self.engines.values())]


def roofs_of(line: dict) -> dict:
    """Precision -> GFLOP/s of one core by CPU time: the median over the times it was measured."""
    found = {}
    for precision, names in ROOFS.items():
        each = [max(values) for measured in line.get("gflops", [])
                if (values := [v[2] for name in names if isinstance(v := measured.get("threads1", {}).get(name), list)])]
        if each:
            found[precision] = statistics.median(each)
    return found


def read_race(path: pathlib.Path) -> Race | None:
    lines = read_lines(path)
    by_name = {line["name"]: line for line in lines}
    meta = by_name.get("meta", {})
    if meta.get("kind") != "ner":
        return None
    engines = {name: line for name, line in by_name.items() if line.get("kind") == "ner" and "settings" in line and "config" not in line}
    return Race(by_name.get("race", {}), meta, engines, roofs_of(by_name.get("roofline", {})))


# -------------------------------------------------------------------------------------------------------------- tables
def percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"


def ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def label(race: Race, name: str) -> str:
    version = race.engines[name].get("version")
    return f"**{name}**" if ours(name) else f"{name} {version or ''}".strip()


def rate_rows(race: Race, mode: str) -> list[list]:
    rows = []
    for name in sorted((n for n in race.engines if race.rate(n, mode)), key=lambda n: -race.rate(n, mode)["median"]):
        cpu, wall = race.rate(name, mode), race.rate(name, mode, "tokens_per_s")
        same, best = ((race.over_best(name, mode, precision_of(name)), race.over_best(name, mode, None)) if ours(name) else (None, None))
        rows.append([label(race, name), number(cpu["median"]), spread(cpu), number(wall["median"]), ratio(same), ratio(best),
                     ratio(race.over(name, mode, PIPELINE)), percent(race.roof_share(name, mode))])
    return rows


MODE_WORDS = {"sent": "Sentences", "doc": "Documents of 512 tokens"}


def mode_title(race: Race, mode: str) -> str:
    kind = "sent" if mode.startswith("sent") else "doc"
    threads = race.meta["threads"]
    if mode.endswith("_intra"):
        return f"{MODE_WORDS[kind]}, one worker of {threads} threads"
    return f"{MODE_WORDS[kind]}, one thread" if mode == f"{kind}1" else f"{MODE_WORDS[kind]}, {threads} workers of one thread"


def rate_tables(race: Race) -> list[str]:
    lines = []
    for mode in [*race.modes("sent"), *race.modes("doc")]:
        lines += [f"{mode_title(race, mode)}:", "",
                  *table(["engine", "tokens/core-s", "min – max", "tokens/s", "of best rival, same precision", "of best rival, any",
                          "of HF pipeline", "of bare products"], rate_rows(race, mode), {1, 2, 3, 4, 5, 6, 7})]
    return lines


def milliseconds(engine: dict, mode: str, clock: str) -> str:
    found = engine.get(mode, {}).get(clock)
    return f"{number(found['p50'])} / {number(found['p99'])}" if found else ""


def latency_rows(race: Race) -> list[list]:
    several = f"lat{race.meta['threads']}"
    return [[label(race, name), milliseconds(each, "lat1", "cpu_ms"), milliseconds(each, "lat1", "wall_ms"),
             milliseconds(each, several, "wall_ms") if several != "lat1" else "", number(each["load_s"]),
             number(each.get("first_call_s", 0)), number(each["peak_rss_mb"]) if each.get("peak_rss_mb") else "",
             each.get("span_f1_vs_torch_fp32", "")] for name, each in race.engines.items()]


def intro(race: Race) -> list[str]:
    meta, told = race.meta, race.race
    settings, machine = told.get("settings", {}), meta.get("machine", {})
    sentences = f"{meta['sentences']} sentences of {meta['mean_tokens']} tokens"
    if "distinct_sentences" in told:
        sentences += f", {told['distinct_sentences']} of them distinct"
    about = told.get("troupe", {})
    versions = about.get("versions", {})
    lines = [f"{sentences}{' (' + told['data'] + ')' if 'data' in told else ''}; {meta['docs']} documents; {meta['rounds']} rounds in shuffled turns; "
             f"{settings.get('latency_n', 'some')} sentences one by one.",
             f"{about.get('processor') or machine.get('cpu', '?') + ', ' + ' '.join(machine.get('isa', []))}; "
             + (f"troupe {versions.get('troupe')}, oneDNN {versions.get('onednn')}, commit {about['commit']}; " if about else "")
             + f"Python {machine.get('python', '?')}.",
             "Bare products of the same minutes, one thread, GFLOP/s by CPU time: "
             + (", ".join(f"{name} {number(value)}" for name, value in race.roofs.items()) or "not measured") + "."]
    absent = {key.removesuffix("_error"): why for key, why in meta.get("notes", {}).items()}
    if race.absent():
        lines.append("**Did not take part, or not to the end**: " + ", ".join(race.absent()) + ".")
    if absent:
        lines.append("**Not prepared**: " + "; ".join(f"{name} ({why})" for name, why in absent.items()) + ".")
    return [*lines, ""]


def race_sections(races: list[Race]) -> list[str]:
    if not races:
        return []
    lines = ["### Beside other engines", "",
             "Text to entities, every engine in a process of its own with the same float32 weights, all but one stopped while that one works "
             "(`tools/bench peers`). troupe computes equal texts as often as they come. \"Of bare products\" is the share of what a 1024 x 1024 x "
             "1024 product of the same precision reached in the same minutes; span F1 is the agreement with PyTorch fp32; milliseconds are p50 / p99 of one "
             "sentence of about 20 tokens.", ""]
    for race in races:
        lines += [f"#### {SHAPES.get(race.shape, race.shape)}", "", *intro(race), *rate_tables(race),
                  *table(["engine", "one sentence, CPU ms", "wall ms", f"wall ms, {race.meta['threads']} threads", "load s", "first s", "peak MB", "span F1"],
                         latency_rows(race), {1, 2, 3, 4, 5, 6, 7})]
    return lines


def race_panels(races: list[Race]) -> list[Panel]:
    panels = []
    for race in races:
        bars = [Bar(name, rate["median"], rate["min"], rate["max"], ours(name))
                for name in race.engines if (rate := race.rate(name, "sent1"))]
        if bars:
            panels.append(Panel(f"{SHAPES.get(race.shape, race.shape)}: tokens per core-second, sentences, one thread",
                                sorted(bars, key=lambda bar: -bar.value)))
    return panels


# --------------------------------------------------------------------------------------------------------------- goals
def goal(what: str, least: float, found: float | None) -> list[list]:
    return [] if found is None else [[what, f">= {least:g} ratio", f"{found:.3g}", verdict(f">= {least}", found)]]


def rival_goal(race: Race, name: str, precision: str | None, least: float) -> list[list]:
    """Names the rival; a goal that is kept only because somebody was missing is not called met."""
    best = race.best_rival("sent1", precision)
    if not best:
        return []
    whom = f"the best rival's {precision or 'of any precision'}"
    rows = goal(f"{race.shape} {precision_of(name)}: tokens per core-second over {whom} ({best[0]})", least, race.over(name, "sent1", best[0]))
    return [[*row[:3], "met by those that ran" if row[3] == "met" and not race.complete else row[3]] for row in rows]


def pipeline_goal(race: Race) -> list[list]:
    """By whichever precision is the fastest."""
    found = [(ratio_found, name) for name in race.engines if ours(name) and (ratio_found := race.over(name, "sent1", PIPELINE))]
    if race.shape != "minilm" or not found:
        return []
    return goal(f"minilm: tokens per core-second over the Hugging Face pipeline's, batched fp32 ({max(found)[1]})", PIPELINE_RATIO, max(found)[0])


def shape_goals(race: Race) -> list[list]:
    rows = []
    for precision in PRECISIONS:
        name, where = f"troupe_{precision}", race.shape
        if name not in race.engines:
            continue
        if precision in RATIOS.get(where, {}):
            against, least = RATIOS[where][precision]
            rows += rival_goal(race, name, None if against == "any" else precision, least)
        if precision in SHARES.get(where, {}):
            least = SHARES[where][precision]
            rows += goal(f"{where} {precision}: share of bare products, sentences", least, race.roof_share(name, "sent1"))
            rows += goal(f"{where} {precision}: share of bare products, documents", round(least * DOCUMENT_SHARE, 3), race.roof_share(name, "doc1"))
        one, several = race.rate(name, "sent1", "tokens_per_s"), race.rate(name, f"sent{race.meta['threads']}", "tokens_per_s")
        if race.meta["threads"] == 2 and one and several:
            rows += goal(f"{where} {precision}: tokens a second with two threads over one", THREADS_RATIO, several["median"] / one["median"])
    return rows


def latency_goals(race: Race) -> list[list]:
    theirs = race.engines.get(QUICK_LATENCY, {}).get("lat1", {}).get("cpu_ms", {}).get("p50")
    mine = [found["p50"] for name, each in race.engines.items() if ours(name) and (found := each.get("lat1", {}).get("cpu_ms"))]
    if race.shape != "minilm" or not theirs or not mine:
        return []
    return goal("one sentence, CPU time p50: ONNX Runtime int8's over ours", LATENCY_RATIO, theirs / min(mine))


def race_goals(races: list[Race]) -> list[list]:
    return [row for race in races for row in [*shape_goals(race), *pipeline_goal(race), *latency_goals(race)]]

"""tools/bench's page and its race: what comes of figures that are made up here, and what is said of missing inputs.

The race itself runs where TROUPE_PEERS_PYTHON (a Python that has the rivals) and TROUPE_PEERS_SCRIPTS (their scripts) are set."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

from support import ROOT, TROUPE, SystemTest

LIB = ROOT / "tools" / "lib"
sys.path.insert(0, str(LIB))
import bench_curves  # noqa: E402
import bench_race  # noqa: E402
import peers_race  # noqa: E402

PAGE = "# Benchmarks\n\n<!-- figures: written by tools/bench, do not edit -->\nold\n<!-- end of figures -->\nbehind\n"


def stats(median: float) -> dict:
    return {"median": median, "min": median * 0.9, "max": median * 1.1, "spread_pct": 20, "n": 7}


def figure(bench: str, name: str, value: float, **settings) -> dict:
    return {"bench": bench, "name": name, "value": value, "unit": "tokens/s", "min": value, "max": value, "repetitions": 7, "settings": settings,
            "processor": "Some Processor", "versions": {"troupe": "0.1.0"}, "commit": "abc"}


def engine(name: str, rate: float, cpu_ms: float = 2.0, gflops: float = 80.0) -> dict:
    throughput = {"workers": 1, "threads_per_worker": 1, "tokens_per_s": stats(rate), "tokens_per_cpu_s": stats(rate), "cpu_share": 1,
                  "gflops_per_core_by_cpu_time": gflops}
    latency = {"wall_ms": {"p50": cpu_ms, "p99": cpu_ms * 2, "min": 1}, "cpu_ms": {"p50": cpu_ms, "p99": cpu_ms * 2}, "n": 7}
    return {"name": name, "kind": "ner", "shape": "minilm", "package": name, "version": "1.2.3", "settings": {}, "sent1": throughput, "lat1": latency,
            "load_s": 0.1, "first_call_s": 0.01, "peak_rss_mb": 100, "span_f1_vs_torch_fp32": 0.999}


META = {"name": "meta", "kind": "ner", "shape": "minilm", "threads": 2, "config": {}, "sentences": 500, "tokens": 10000, "mean_tokens": 20.0, "docs": 8,
        "doc_tokens": 4096, "machine": {"cpu": "Some Processor", "isa": ["avx2"], "python": "3.11"}, "rounds": 7, "notes": {}}
ROOF = {"torch_fp32": [90, 90, 100.0], "onednn_fp32": [1, 1, 90.0], "torch_bf16": [1, 1, 200.0], "torch_int_mm": "no", "ort_u8s8": [1, 1, 400.0]}
RIVALS = [engine("hf_pipeline_fp32", 1000), engine("torch_fp32", 2000), engine("ov_bf16", 4000), engine("ort_int8_dynamic", 5000, cpu_ms=4)]
OURS = [engine("troupe_fp32", 2200, gflops=95), engine("troupe_bf16", 5000, cpu_ms=1.6, gflops=150)]
RACE = {"name": "race", "race": "ner minilm", "settings": {"latency_n": 100}, "data": "valid.txt", "distinct_sentences": 480,
        "troupe": {"processor": "Some Processor", "versions": {"troupe": "0.1.0", "onednn": "3.2.0"}, "commit": "abc"},
        "known_rivals": [each["name"] for each in RIVALS]}
ROOFLINE = {"name": "roofline", "kind": "ner", "shape": "minilm", "gflops": [{"threads1": ROOF}, {"threads1": ROOF}]}


class ReportTest(SystemTest):
    def page(self, figures: list, *races: list) -> str:
        page, paths = self.folder / "benchmarks.md", []
        page.write_text(PAGE, encoding="utf-8")
        for number, lines in enumerate(races):
            paths.append(self.folder / f"race{number}.jsonl")
            paths[-1].write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        (self.folder / "figures.jsonl").write_text("".join(json.dumps(each) + "\n" for each in figures), encoding="utf-8")
        done = subprocess.run([sys.executable, LIB / "bench_report.py", "--figures", self.folder / "figures.jsonl", "--races", *paths, self.folder / "absent.jsonl",
                               "--page", page], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return page.read_text(encoding="utf-8")

    def race(self, *engines, **changed) -> bench_race.Race:
        file = self.folder / "race.jsonl"
        lines = [{**RACE, **changed}, META, *engines, ROOFLINE]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return bench_race.read_race(file)

    def test_a_race_becomes_tables_and_goals(self):
        page = self.page([figure("ner", "tokens", 1, engine="cpu: x, bf16", threads=1)], [RACE, META, *RIVALS, *OURS, ROOFLINE])
        self.assertTrue(page.startswith("# Benchmarks") and page.endswith("behind\n") and "\nold\n" not in page)
        # Medians 5000 of 4000, of 5000 (any precision), of 1000; 150 of 200 GFLOP/s.
        self.assertIn("| **troupe_bf16** | 5,000 | 4,500 – 5,500 | 5,000 | 1.25 | 1.00 | 5.00 | 75 % |", page)
        self.assertIn("| minilm bf16: tokens per core-second over the best rival's bf16 (ov_bf16) | >= 1.08 ratio | 1.25 | met |", page)
        self.assertIn("| minilm fp32: tokens per core-second over the best rival's fp32 (torch_fp32) | >= 1 ratio | 1.1 | met |", page)
        self.assertIn("| minilm bf16: share of bare products, sentences | >= 0.8 ratio | 0.75 | **missed** |", page)
        self.assertIn("| one sentence, CPU time p50: ONNX Runtime int8's over ours | >= 1.7 ratio | 2.5 | met |", page)
        self.assertIn("500 sentences of 20.0 tokens, 480 of them distinct (valid.txt)", page)
        self.assertIn("fp32 100, bf16 200, int8 400", page)
        self.assertIn("commit abc", page)

    def test_a_goal_is_not_met_while_a_rival_is_missing(self):
        race = self.race(*RIVALS, *OURS, known_rivals=[*RACE["known_rivals"], "ct2_fp32"])
        self.assertEqual(race.absent(), ["ct2_fp32"])
        goals = {row[0]: row[3] for row in bench_race.race_goals([race])}
        self.assertEqual(goals["minilm fp32: tokens per core-second over the best rival's fp32 (torch_fp32)"], "met by those that ran")
        self.assertIn("**Did not take part, or not to the end**: ct2_fp32", "\n".join(bench_race.race_sections([race])))

    def test_files_of_before_are_read(self):
        lines = [META, *RIVALS[:2], engine("troupe", 5000), engine("troupe_fp32", 2200), ROOFLINE]
        page = self.page([figure("ner", "tokens", 1, engine="cpu: x, bf16", threads=1)], lines)
        self.assertIn("| **troupe** | 5,000 |", page)
        self.assertIn("met by those that ran", page)

    def test_engines_without_figures_and_without_rivals(self):
        failed = {"name": "ov_bf16", "kind": "ner", "shape": "minilm", "mode": "sent1", "error": "no"}
        race = self.race(*OURS, failed)
        self.assertNotIn("ov_bf16", race.engines)
        self.assertEqual([row for row in bench_race.race_goals([race]) if "rival" in row[0]], [])
        self.assertIn("**Did not take part, or not to the end**", "\n".join(bench_race.race_sections([race])))

    def test_curves(self):
        sweep = [figure("ner", f"sweep.{name}.{value}{suffix}", 1000 + value, engine=f"cpu: x, {precision}")
                 for precision in ("fp32", "bf16") for name in ("lengths", "threads", "batch") for value in (1, 8, 512) for suffix in ("", ".per_core_second")]
        page = self.page([figure("ner", "tokens", 1, engine="cpu: x, bf16", threads=1), *sweep])
        self.assertIn("| 512 | 1,512 | 1,512 |", page)
        self.assertNotIn("sweep.lengths", page)
        picture = (self.folder / "benchmarks" / "curves.svg").read_text(encoding="utf-8")
        self.assertEqual(picture.count("<polyline"), 6)
        self.assertIsNone(bench_curves.curves_svg([]))

    def test_tokenizers(self):
        rate = {"mb_per_s": stats(2), "mb_per_cpu_s": stats(2), "tokens_per_s_m": stats(1), "timed_mb": 1}
        own = {texts: {"bytes.per_core_second": {"value": value, "min": 1, "max": 300, "unit": "MB/core-s"}} for texts, value in (("sentences", 100), ("big", 120))}
        slower = {**own, "sentences": {"bytes.per_core_second": {"value": 90, "min": 1, "max": 300, "unit": "MB/core-s"}}}
        lines = [{"name": "race", "race": "tokenizer", "troupe": {"commit": "abc"}}, {"name": "meta", "kind": "tokenizer", "sentences": 3, "big_mb": 20, "rounds": 7},
                 {"name": "hf_encode_batch_offsets", "kind": "tokenizer", "version": "0.23", "offsets": True, "sentences_1t": rate, "big_1t": rate,
                  "identical_corpus_pct": 100.0, "identical_unicode_pct": 99.5},
                 {"name": "tokie", "kind": "tokenizer", "version": None, "error_1t": "no"}, {"name": "troupe", "kind": "tokenizer", "before": own, "after": slower}]
        page = self.page([figure("ner", "tokens", 1, engine="cpu: x, bf16", threads=1)], lines)
        self.assertIn("| hf_encode_batch_offsets 0.23 | 2 | 2 | 45 | 60 | yes | 100.0 / 99.5 |", page.replace("45.00", "45"))
        self.assertIn("| tokenizer: MB per core-second over hf_encode_batch_offsets's, the sentences | >= 40 ratio | 45 | met |", page)


class PeersTest(SystemTest):
    def peers(self, *arguments, timeout=120):
        return subprocess.run([sys.executable, LIB / "peers.py", *map(str, arguments)], capture_output=True, text=True, timeout=timeout)

    def test_missing_inputs_are_named_with_the_remedy(self):
        scripts, data = self.folder / "scripts", self.folder / "data.txt"
        scripts.mkdir()
        done = self.peers("--scripts", scripts)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--scripts DIR", done.stderr)
        for name in ("bench_ner.py", "bench_tokenizer.py", "common.py"):
            (scripts / name).write_text("")
        common = ["--scripts", scripts, "--data", data]
        self.assertIn("--data FILE", self.peers(*common).stderr)
        data.write_text("")
        self.assertIn("--model DIR", self.peers(*common, "--model", self.folder).stderr)
        self.assertIn("is no program", self.peers(*common, "--troupe", data).stderr)
        common += ["--troupe", TROUPE, "--out", self.folder / "out"]
        self.assertIn("is no Python", self.peers(*common, "--python", self.folder / "absent").stderr)
        bare = self.peers(*common, "--python", sys.executable)
        self.assertEqual(bare.returncode, 1)
        self.assertRegex(bare.stderr, "lacks .*torch.*--python")
        for wrong in (["--shapes", "large"], ["--rounds", "0"], ["--threads", "-1"]):
            self.assertEqual(self.peers(*wrong).returncode, 2)

    def test_finished_races_are_kept_until_something_differs(self):
        path = self.folder / "race-base.jsonl"
        setting = peers_race.Setting(self.folder, [], pathlib.Path("python3"), {}, TROUPE, self.folder, self.folder, False)
        wanted = {"name": "race", "race": "ner base", "settings": {"rounds": 7}, "troupe": {"commit": "abc"}}
        self.assertFalse(peers_race.finished(setting, path, wanted))
        peers_race.keep(path, {**wanted, "distinct_sentences": 3}, [{"name": "meta"}])
        self.assertTrue(peers_race.finished(setting, path, wanted))
        self.assertFalse(peers_race.finished(setting, path, {**wanted, "settings": {"rounds": 8}}))
        self.assertFalse(peers_race.finished(setting, path, {**wanted, "troupe": {"commit": "abd"}}))
        path.write_text("")
        self.assertFalse(peers_race.finished(setting, path, wanted))

    def test_a_script_that_fails_is_named_with_its_last_words(self):
        script = self.folder / "script.py"
        script.write_text("import sys\nprint('# half', file=sys.stderr)\nsys.exit('no flour')\n")
        with self.assertRaisesRegex(peers_race.PeersError, "(?s)status 1.*log.txt.*no flour"):
            peers_race.run([sys.executable, script], "cake", self.folder / "log.txt")

    def test_engines_that_a_script_stopped_do_not_stay(self):
        script, told = self.folder / "script.py", self.folder / "engine"
        script.write_text("import os, pathlib, signal, subprocess, sys\n"
                          "engine = subprocess.Popen(['sleep', '1000'], stderr=subprocess.DEVNULL)\n"
                          f"pathlib.Path({str(told)!r}).write_text(str(engine.pid))\n"
                          "os.kill(engine.pid, signal.SIGSTOP)\nos.kill(os.getpid(), signal.SIGTERM)\n")
        with self.assertRaisesRegex(peers_race.PeersError, "status -15"):
            peers_race.run([sys.executable, script], "cake", self.folder / "log.txt")
        status = pathlib.Path(f"/proc/{told.read_text()}/stat")
        self.wait_for(lambda: not status.exists() or ") Z " in status.read_text(), "the end of the stopped engine", 60)

    @unittest.skipUnless(os.environ.get("TROUPE_PEERS_PYTHON") and os.environ.get("TROUPE_PEERS_SCRIPTS"),
                         "TROUPE_PEERS_PYTHON and TROUPE_PEERS_SCRIPTS are not set")
    def test_a_small_race(self):
        done = self.peers("--quick", "--python", os.environ["TROUPE_PEERS_PYTHON"], "--scripts", os.environ["TROUPE_PEERS_SCRIPTS"], "--troupe", TROUPE,
                          "--shapes", "minilm", "--rivals", "torch_fp32", "--tokenizers", "hf_encode_batch_offsets", "--modes", "sent1,lat1",
                          "--out", self.folder, timeout=900)
        self.assertEqual(done.returncode, 0, done.stderr)
        race = bench_race.read_race(self.folder / "race-minilm.jsonl")
        self.assertGreater(race.over_best("troupe_fp32", "sent1", "fp32"), 0)
        self.assertGreater(race.engines["troupe_fp32"]["span_f1_vs_torch_fp32"], 0.99)


if __name__ == "__main__":
    unittest.main()

"""`troupe bench`: every bench runs, tiny; its figures are complete. Nothing here is timed."""

import json
import signal
import subprocess
import unittest

from support import ROOT, TROUPE, SystemTest, json_lines, troupe

MODELS = ROOT / "models"
FIELDS = ["bench", "name", "value", "unit", "min", "max", "repetitions", "settings", "processor", "versions", "commit"]
VERSIONS = ["troupe", "caf", "onednn", "sqlite", "compiler"]
TINY_AGENTS = ["agents", "--requests", "20", "--host-requests", "20", "--messages", "50", "--agents", "50"]
TINY_NER = ["ner", "--texts", "4", "--latency-texts", "2"]
CONLL = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n"


class BenchTest(SystemTest):
    def figures(self, *arguments) -> dict:
        """The figures by name, each checked for its fields."""
        done = troupe("bench", *arguments, "--json", "--repetitions", 2)
        self.assert_exit(done, 0)
        found = json_lines(done.stdout)
        for figure in found:
            self.assertEqual(list(figure), FIELDS)
            self.assertEqual(figure["bench"], arguments[0])
            self.assertLessEqual(figure["min"], figure["value"])
            self.assertLessEqual(figure["value"], figure["max"])
            self.assertGreaterEqual(figure["repetitions"], 1)
            self.assertIsInstance(figure["settings"], dict)
            self.assertEqual(list(figure["versions"]), VERSIONS)
            self.assertTrue(figure["unit"] and figure["processor"] and figure["commit"])
        by_name = {figure["name"]: figure for figure in found}
        self.assertEqual(len(by_name), len(found), "a name twice")
        return by_name

    def test_agents_are_measured_beside_bare_caf(self):
        found = self.figures(*TINY_AGENTS)
        for name in ["request.p50", "host_request.p50", "one_way", "starts", "idle_agent.heap"]:
            for suffix in ["", ".bare_caf", ".ratio"]:
                self.assertIn(name + suffix, found)
                self.assertGreater(found[name + suffix]["value"], 0)
        self.assertEqual(found["request.p50"]["settings"]["goal"], "<= 4")

    def test_nodes_are_measured_beside_bare_grpc(self):
        found = self.figures("remote", "--requests", "20", "--messages", "500", "--payloads", "3", "--folder", self.folder)
        for name in ["request.p50", "request.p99", "request.cpu", "one_way", "one_way.per_core_second", "payload_1mib"]:
            for suffix in ["", ".bare_grpc", ".ratio"]:
                self.assertGreater(found[name + suffix]["value"], 0)
        self.assertGreaterEqual(found["one_way"]["settings"]["messages_per_frame"], 1)
        self.assertEqual(found["one_way.ratio"]["settings"]["goal"], ">= 0.5")
        self.assertEqual(list(self.folder.iterdir()), [], "certificates are left behind")

    def test_tokenizer(self):
        found = self.figures("tokenizer", "--megabytes", "1")
        self.assertGreater(found["tokens"]["value"], 0)
        self.assertGreaterEqual(found["bytes"]["settings"]["megabytes"], 1)
        for name in ("bytes.per_core_second", "cold.tokens.per_core_second", "cold.bytes.per_core_second"):
            self.assertGreater(found[name]["value"], 0)

    def test_tokenizer_on_several_threads(self):
        found = self.figures("tokenizer", "--megabytes", "1", "--threads", "3")
        self.assertGreater(found["tokens"]["value"], 0)
        self.assertEqual(found["tokens"]["settings"]["threads"], 3)
        self.assertEqual(found["cold.tokens"]["settings"]["threads"], 1)

    def test_scheduling(self):
        found = self.figures("scheduling", "--tasks", "60", "--nodes", "4", "--growth", "200", "--ready", "100")
        for policy in ("portfolio", "heft", "peft", "eft", "fifo", "round-robin"):
            self.assertGreater(found[f"plan.{policy}"]["value"], 0)
            self.assertGreaterEqual(found[f"ratio.{policy}"]["value"], 1 - 1e-9)
            self.assertIn(f"growth.{policy}.by_n_log_n", found)
        self.assertLessEqual(found["ratio.portfolio"]["value"], found["ratio.heft"]["value"])

    def test_workflows(self):
        graph = self.folder / "graph.json"
        graph.write_text("[[], [0], [0, 1]]")
        found = self.figures("workflows", "--folder", self.folder, "--graph", graph)
        for name in ("chain.p50", "fan.p50", "graph.p50", "chain.host.p50", "chains", "durable.chain.p50"):
            self.assertGreater(found[name]["value"], 0)
        self.assertGreaterEqual(found["durable.chain.transactions"]["value"], 1)

    def test_graphs_that_are_none_are_named(self):
        graph = self.folder / "graph.json"
        for text, words in (("", "not a list of lists"), ("{}", "not a list of lists"), ("[]", "not a list of lists"), ("[3]", "step 0 is not a list"),
                            ("[[0]]", "step 0 needs what is not before it"), ("[[], [-1]]", "step 1 needs what is not before it"),
                            ('[[], ["0"]]', "step 1 needs what is not before it"), ("[" * 100_000, "not a list of lists")):
            graph.write_text(text)
            done = troupe("bench", "workflows", "--folder", self.folder, "--graph", graph, "--repetitions", 1)
            self.assert_exit(done, 1)
            self.assertIn(words, done.stderr)

    def test_runs(self):
        found = self.figures("runs", "--folder", self.folder, "--waiting", "50", "--finished", "500")
        self.assertGreater(found["recovery"]["value"], 0)
        self.assertEqual(found["recovery"]["settings"]["runs"], 50)
        self.assertEqual(found["waiting.memory"]["settings"]["goal"], "<= 2048")
        for name in ["newest", "status", "workflow", "unknown_workflow", "since", "status_workflow_since"]:
            self.assertGreater(found[f"search.{name}"]["value"], 0)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_ner(self):
        found = self.figures(*TINY_NER)
        for name in ["latency.agent_more.p50", "latency.host_more.p50"]:  # may be less than nothing
            self.assertIn(name, found)
        for name in ["load", "texts", "tokens.per_core_second", "latency.p50", "latency.agent.p50", "peak_resident"]:
            self.assertGreater(found[name]["value"], 0)
        self.assertEqual(found["texts"]["settings"]["texts"], 4)

    def test_distinct_texts_are_counted(self):
        file = self.folder / "lines.txt"
        file.write_text("Ada\nAda\nLondon\n")
        settings = self.figures(*TINY_NER, "--data", file)["texts"]["settings"]
        self.assertEqual((settings["texts"], settings["distinct_texts"]), (4, 2))

    def test_sweeps(self):
        values = {"lengths": [8, 16, 32, 64, 128, 256, 512], "threads": [1, 2, 3], "batch": [64, 128, 256, 512, 1024, 2048, 4096]}
        for sweep, points in values.items():
            with self.subTest(sweep):
                found = self.figures("ner", "--sweep", sweep, "--sweep-tokens", "600", "--threads", "3")
                self.assertEqual(list(found), [f"sweep.{sweep}.{value}{suffix}" for value in points for suffix in ("", ".per_core_second")])
                for value in points:
                    settings = found[f"sweep.{sweep}.{value}"]["settings"]
                    self.assertEqual(settings[{"lengths": "tokens_per_text", "batch": "batch_tokens"}.get(sweep, sweep)], value)
                    if sweep == "lengths":
                        self.assertEqual(settings["tokens"], settings["texts"] * value, "not exactly so long")
        self.assert_exit(troupe("bench", "ner", "--sweep", "widths"), 2)

    def test_a_sweep_wants_words_that_the_model_knows(self):
        file = self.folder / "lines.txt"
        file.write_text("Qzxwvyq\n")
        done = troupe("bench", "ner", "--sweep", "lengths", "--data", file, "--repetitions", 1)
        self.assert_exit(done, 1)
        self.assertIn("--data", done.stderr)

    def test_redact(self):
        found = self.figures("redact", "--kilobytes", "10", "--personal-every", "2")
        for name in ("bytes", "bytes.per_core_second", "lines", "peak_resident"):
            self.assertGreater(found[name]["value"], 0)
        settings = found["bytes"]["settings"]
        self.assertGreaterEqual(settings["bytes"], 10_000)
        self.assertGreater(settings["redactions"], settings["lines"] // 4)

    def test_redact_a_file(self):
        file = self.folder / "mail.txt"
        file.write_text("Write to ada@example.org.\nNothing here.\n")
        settings = self.figures("redact", "--data", file)["bytes"]["settings"]
        self.assertEqual((settings["data"], settings["lines"], settings["redactions"], settings["bytes"]), ("mail.txt", 2, 1, 40))
        for text, said in (("", "is empty"), (None, "absent.txt")):
            file.write_text(text or "")
            done = troupe("bench", "redact", "--data", self.folder / "absent.txt" if text is None else file)
            self.assert_exit(done, 1)
            self.assertIn(said, done.stderr)

    def test_sentences_of_conll_columns(self):
        file = self.folder / "two.txt"
        file.write_text(CONLL, encoding="utf-8")
        settings = self.figures("tokenizer", "--megabytes", "1", "--data", file)["tokens"]["settings"]
        self.assertEqual(settings["texts"], 2)
        self.assertEqual(settings["data"], "two.txt")
        lines = self.figures("tokenizer", "--megabytes", "1", "--data", file, "--format", "lines")
        self.assertEqual(lines["tokens"]["settings"]["texts"], 4)

    def test_a_table_without_json(self):
        done = troupe("bench", *TINY_AGENTS, "--repetitions", 1)
        self.assert_exit(done, 0)
        self.assertTrue(done.stdout.startswith("FIGURE"))
        self.assertIn("one_way.bare_caf", done.stdout)
        self.assertIn("commit", done.stdout.splitlines()[-1])

    def test_errors_name_what_is_wrong(self):
        empty = self.folder / "empty.txt"
        empty.write_text("\n\n")
        for arguments, said in [
            (["ner", "--data", self.folder / "absent.txt"], "absent.txt"),
            (["tokenizer", "--data", self.folder], "is a folder"),
            (["tokenizer", "--data", empty], "empty.txt"),
            (["ner", "--model", self.folder], str(self.folder)),
        ]:
            with self.subTest(said):
                done = troupe("bench", *arguments)
                self.assert_exit(done, 1)
                self.assertIn(said, done.stderr)
                self.assertEqual(done.stdout, "")
        for arguments in [[], ["agents", "--repetitions", "0"], ["agents", "--policy", "greedy"]]:
            self.assert_exit(troupe("bench", *arguments), 2)

    def test_an_interrupt_keeps_what_was_found(self):
        command = [str(TROUPE), "bench", *TINY_AGENTS[:-1], "1000000", "--repetitions", "50", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            first = running.stdout.readline()
            running.send_signal(signal.SIGINT)
            rest, said = running.communicate(timeout=100)
        self.assertEqual(running.returncode, 130, said)
        self.assertIn("interrupted", said)
        for line in [first, *rest.splitlines()]:
            self.assertEqual(list(json.loads(line)), FIELDS)


class ServeTest(SystemTest):
    """`troupe bench serve`: the protocol by which a driver races several engines."""

    TEXT = "\U0001F600 Ada Lovelace lived in London."
    SPANS = [[2, 14, "PER"], [24, 30, "LOC"]]

    def answers(self, *commands, options=()) -> list:
        lines = "".join((c if isinstance(c, str) else json.dumps(c)) + "\n" for c in commands)
        done = troupe("bench", "serve", *options, stdin=lines)
        self.assert_exit(done, 0)
        return json_lines(done.stdout)

    def test_load_run_and_latency(self):
        load = {"cmd": "load", "threads": 2, "workers": 2, "budget": 256, "text": self.TEXT}
        loaded, again, ran, silent, timed = self.answers(
            load, load, {"cmd": "run", "texts": [self.TEXT] * 130, "spans": 1}, {"cmd": "run", "texts": [self.TEXT]},
            {"cmd": "latency", "texts": [self.TEXT, self.TEXT]})
        self.assertGreater(loaded["load_s"], 0)
        self.assertGreater(loaded["first_s"], 0)
        self.assertGreater(loaded["rss_mb"], 0)
        self.assertIn("cpu", loaded["engine"])
        self.assertEqual(again, {"reused": True})
        self.assertEqual(ran["spans"], [self.SPANS] * 130)
        self.assertEqual((ran["texts"], ran["distinct_texts"]), (130, 1))
        self.assertGreater(ran["cpu"], 0)
        self.assertGreater(ran["rss_mb"], 0)
        self.assertNotIn("spans", silent)
        self.assertEqual((len(timed["ts"]), len(timed["cs"])), (2, 2))

    def test_spans_depend_on_no_setting(self):
        """Threads, workers and budgets as a driver tries them, texts of all lengths: answers in the order of the texts."""
        texts = [" ".join([self.TEXT] * (1 + i * 7 % 13)) for i in range(40)] + ["", "?", self.TEXT * 100]
        run = {"cmd": "run", "texts": texts, "spans": 1}
        commands = []
        for threads, workers in ((1, 1), (2, 2), (2, 1), (3, 2)):
            for budget in (1, 256, 4096):
                commands += [{"cmd": "load", "threads": threads, "workers": workers, "budget": budget, "text": "x"}, run]
        got = self.answers(*commands, options=["--precision", "fp32"])
        loads, runs = got[::2], got[1::2]
        self.assertEqual(["reused" in each for each in loads], [False, True, True] * 4)
        self.assertEqual(len(runs[0]["spans"]), len(texts))
        self.assertEqual(runs[0]["spans"][0], self.SPANS)
        self.assertEqual(runs[0]["spans"][40], [])
        for each in runs:
            self.assertEqual(each["spans"], runs[0]["spans"])

    def test_model_and_precision_are_chosen(self):
        load = {"cmd": "load", "threads": 1, "workers": 1, "text": "x"}
        about, loaded = self.answers({"cmd": "about"}, load, options=["--precision", "fp32", "--model", MODELS / "pii-rampart"])
        self.assertTrue(about["processor"] and about["commit"] and about["versions"]["troupe"])
        self.assertIn("fp32", loaded["engine"])
        refused, = self.answers(load, options=["--model", self.folder])
        self.assertIn(str(self.folder), refused["error"])
        self.assert_exit(troupe("bench", "serve", "--precision", "fp8", stdin=""), 2)

    def test_a_bad_command_is_answered_and_the_next_one_served(self):
        good = {"cmd": "load", "threads": 1, "workers": 1, "text": "x"}
        bad = ["no json", "3", "[]", "{", "null", '{"cmd":"load","text":"\\ud800"}', "[" * 100_000, {"cmd": "run", "texts": ["early"]}, {"cmd": 3}, {},
               *({**good, **wrong} for wrong in ({"threads": 0}, {"threads": 99999}, {"threads": -1}, {"threads": 1.5}, {"threads": "1"},
                                                {"workers": 2}, {"workers": 0}, {"budget": 0}, {"budget": 10**9}, {"text": 3}))]
        worse = [{"cmd": "dance"}, {"cmd": "run"}, {"cmd": "run", "texts": [1]}, {"cmd": "run", "texts": "x"}, {"cmd": "latency", "texts": {"a": 1}}]
        *refused, loaded, dance, none, number, text, table, accepted = self.answers(*bad, "", good, *worse, {"cmd": "run", "texts": []})
        self.assertEqual(len(refused), len(bad))
        self.assertTrue(all(list(answer) == ["error"] for answer in [*refused, dance, none, number, text, table]))
        self.assertIn("load_s", loaded)
        self.assertIn("dance", dance["error"])
        self.assertIn("s", accepted)

    def test_bytes_that_are_no_text_are_answered(self):
        lines = b'{"cmd":"\xff"}\n\x00\n' + b'{"cmd":"about"}\n{"cmd":"about"'
        done = troupe("bench", "serve", stdin=lines)
        self.assertEqual(done.returncode, 0)
        first, second, about, cut = json_lines(done.stdout.decode())
        self.assertTrue("error" in first and "error" in second and "error" in cut)
        self.assertIn("commit", about)

    def test_a_command_without_end_is_one_error(self):
        long = b'"' + b"x" * (200 << 20) + b'"\n{"cmd":"about"}\n'
        done = troupe("bench", "serve", stdin=long)
        self.assertEqual(done.returncode, 0)
        refused, about = json_lines(done.stdout.decode())
        self.assertIn("64 MiB", refused["error"])
        self.assertIn("commit", about)


if __name__ == "__main__":
    unittest.main()

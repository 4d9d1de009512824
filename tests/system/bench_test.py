"""`troupe bench`: every bench runs, tiny; its figures are complete. Nothing here is timed."""

import json
import signal
import subprocess
import unittest

from support import TROUPE, SystemTest, json_lines, troupe

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
        for name in ["load", "texts", "tokens.per_core_second", "latency.p50", "peak_resident"]:
            self.assertGreater(found[name]["value"], 0)
        self.assertEqual(found["texts"]["settings"]["texts"], 4)

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
    """The protocol by which a driver measures several engines side by side."""

    def answers(self, *commands) -> list:
        lines = "".join((c if isinstance(c, str) else json.dumps(c)) + "\n" for c in commands)
        done = troupe("bench", "ner", "--serve", stdin=lines)
        self.assert_exit(done, 0)
        return json_lines(done.stdout)

    def test_load_run_and_latency(self):
        text = "\U0001F600 Ada Lovelace lived in London."
        load = {"cmd": "load", "threads": 2, "workers": 2, "budget": 256, "text": text}
        loaded, again, ran, silent, timed = self.answers(
            load, load, {"cmd": "run", "texts": [text] * 130, "spans": 1}, {"cmd": "run", "texts": [text]},
            {"cmd": "latency", "texts": [text, text]})
        self.assertGreater(loaded["load_s"], 0)
        self.assertGreater(loaded["first_s"], 0)
        self.assertEqual(again, {"reused": True})
        self.assertEqual(ran["spans"], [[[2, 14, "PER"], [24, 30, "LOC"]]] * 130)
        self.assertGreater(ran["cpu"], 0)
        self.assertGreater(ran["rss_mb"], 0)
        self.assertNotIn("spans", silent)
        self.assertEqual((len(timed["ts"]), len(timed["cs"])), (2, 2))

    def test_a_bad_command_is_answered_and_the_next_one_served(self):
        bad = ["no json", "3", {"cmd": "run", "texts": ["early"]}, {"cmd": 3}, {"cmd": "load"},
               {"cmd": "load", "threads": 0, "workers": 1, "text": ""},
               {"cmd": "load", "threads": 99999, "workers": 1, "text": ""}]
        good = {"cmd": "load", "threads": 1, "workers": 1, "text": "x"}
        *refused, unknown, untyped, accepted = self.answers(*bad, good, {"cmd": "dance"}, {"cmd": "run", "texts": [1]},
                                                            {"cmd": "run", "texts": []})
        self.assertTrue(all("error" in answer for answer in refused[: len(bad)]))
        self.assertIn("dance", unknown["error"])
        self.assertIn("error", untyped)
        self.assertIn("s", accepted)


if __name__ == "__main__":
    unittest.main()

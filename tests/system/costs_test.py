#!/usr/bin/env python3
"""Run times learnt from runs, the order that policies give attempts, and recorded runs once more on another node."""

import json
import pathlib
import unittest

from support import SystemTest, json_lines, troupe

SLEEPS = """name: sleeps
steps:
  a: { agent: process.run, resources: { cpu: 1 }, input: { argv: [sleep, '0.3'] } }
  b: { agent: process.run, resources: { cpu: 1 }, input: { argv: [sleep, '0.3'] } }
  long: { agent: process.run, resources: { cpu: 1 }, cost: 1s, input: { argv: [sleep, '0.1'] } }
  behind: { agent: process.run, needs: [long], resources: { cpu: 1 }, cost: 9s, input: { argv: ['true'] } }
"""


class CostsTest(SystemTest):
    def run_sleeps(self, run: str, *options, code: int = 0):
        path = self.folder / "sleeps.yaml"
        path.write_text(SLEEPS)
        done = troupe("run", path, "--id", run, "--store", self.store, "--resources", "cpu=1", "--allow-process",
                      "/usr/bin/sleep", "--allow-process", "/usr/bin/true", "--progress", "none", *options)
        self.assert_exit(done, code)
        return done

    def starts(self, run: str) -> list:
        """Its steps in the order in which they were started."""
        steps = json.loads(troupe("explain", run, "--store", self.store, "--json").stdout)["steps"]
        return [s["step"] for s in sorted(steps, key=lambda s: s["attempts"][0]["started"])]

    def costs(self) -> dict:
        done = troupe("costs", "--store", self.store, "--json")
        self.assert_exit(done, 0)
        return {(c["agent"], c["step"]): c for c in json_lines(done.stdout) if c["node_class"]}

    def test_run_times_are_learnt_and_listed(self):
        self.assertEqual(self.costs(), {})
        for i in range(3):
            self.run_sleeps(f"run{i}")
        known = self.costs()
        step = known["process.run", "sleeps/a"]
        self.assertEqual(step["count"], 3)
        self.assertGreater(step["mean_seconds"], 0.29)
        self.assertLess(step["p50_seconds"], 3)
        self.assertGreater(step["p95_seconds"], step["p50_seconds"])
        self.assertEqual(known["process.run", ""]["count"], 12)
        self.assertIn("sleeps/a", troupe("costs", "--store", self.store).stdout)

    def test_a_damaged_file_is_said_and_does_not_stop_a_run(self):
        file = pathlib.Path(self.store.removeprefix("sqlite:") + "-costs.json")
        file.write_text('{"format": "troupe-costs-1", "entries": [{"agent": 7}]}')
        refused = troupe("costs", "--store", self.store)
        self.assert_exit(refused, 1)
        self.assertIn("entries[0]", refused.stderr)
        self.assertIn("costs.json", self.run_sleeps("run").stderr)
        self.assertEqual(self.costs()["process.run", "sleeps/a"]["count"], 1)
        self.assertTrue(pathlib.Path(f"{file}.damaged").exists())

    def test_policies_order_the_steps(self):
        self.run_sleeps("plain", "--policy", "fifo")
        self.assertEqual(self.starts("plain"), ["a", "b", "long", "behind"])
        pathlib.Path(self.store.removeprefix("sqlite:") + "-costs.json").unlink()
        self.run_sleeps("ranked")  # the longest way to the end first
        self.assertEqual(self.starts("ranked")[0], "long")
        self.assertLess(self.starts("ranked").index("behind"), 3)  # not behind all that was ready before

    def test_wrong_names_say_what_there_is(self):
        refused = self.run_sleeps("run", "--policy", "sooner", code=2)
        self.assertIn("aged-srpt", refused.stderr)
        self.assertIn("tenant", self.run_sleeps("run", "--tenant", "a b", code=1).stderr)

    def test_the_tenant_is_shown(self):
        self.run_sleeps("run", "--tenant", "acme")
        self.assertEqual(json.loads(troupe("show", "run", "--store", self.store, "--json").stdout)["tenant"], "acme")

    def simulate(self, *options, code: int = 0):
        done = troupe("simulate", "--run", "run", "--store", self.store, *options)
        self.assert_exit(done, code)
        return done

    def test_a_run_once_more_on_another_node(self):
        self.run_sleeps("run", "--policy", "fifo")
        same = json.loads(self.simulate("--policy", "fifo", "--json").stdout)
        self.assertLess(abs(same["simulated_seconds"] - same["real_seconds"]), 0.2 * same["real_seconds"])
        wide = json.loads(self.simulate("--resources", "cpu=4", "--json").stdout)
        self.assertLess(wide["simulated_seconds"], same["simulated_seconds"])
        self.assertGreaterEqual(wide["simulated_seconds"], wide["critical_path_seconds"])
        narrow = json.loads(self.simulate("--resources", "cpu=4", "--slots", "1", "--json").stdout)
        self.assertGreater(narrow["simulated_seconds"], wide["simulated_seconds"])
        self.assertIn("simulated: srpt", self.simulate("--policy", "srpt").stdout)
        self.assertIn("cpu", self.simulate("--resources", "cpu=0.5", code=1).stderr)

    def test_a_run_on_a_described_cluster(self):
        self.run_sleeps("run")
        cluster = self.folder / "cluster.json"
        node = {"name": "n", "cpu_slots": 4, "gpu_slots": 0, "cpu_speed": 2, "memory_bytes": 2**33,
                "bandwidth_bytes_per_s": 1e9}
        cluster.write_text(json.dumps({"name": "c", "seed": 1, "accel": {"probability": 0, "min": 1, "max": 1},
                                       "default_memory_bytes": 0, "nodes": [node]}))
        told = json.loads(self.simulate("--cluster", cluster, "--policy", "eft", "--json").stdout)
        self.assertLess(told["simulated_seconds"], told["real_seconds"])
        self.assertIn("no such", self.simulate("--cluster", self.folder / "none.json", code=1).stderr.lower())

    def test_wrong_uses_of_simulate_say_why(self):
        self.run_sleeps("run")
        self.assertIn("without --trace", self.simulate("--trace", "x.json", code=2).stderr)
        self.assert_exit(troupe("simulate", "--run", "nobody", "--store", self.store), 1)


if __name__ == "__main__":
    unittest.main()

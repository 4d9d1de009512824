#!/usr/bin/env python3
"""`troupe simulate`: plans a small workflow of our own, checks every schedule by rules of its own, and refuses bad input."""

import json
import unittest

from support import ROOT, SystemTest, json_lines, troupe

TRACE = ROOT / "tests" / "system" / "traces" / "translate.json"
CLUSTER = ROOT / "tests" / "system" / "traces" / "two-nodes.json"
POLICIES = ["portfolio", "heft", "peft", "eft", "fifo", "round-robin"]


class Simulate(SystemTest):
    def simulate(self, *arguments, trace=TRACE, cluster=CLUSTER):
        return troupe("simulate", "--trace", trace, "--cluster", cluster, *arguments)

    def figures(self, *arguments):
        done = self.simulate("--json", *arguments)
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def check_schedule(self, rows):
        """Slots, dependencies with their transfers, and memory: what can be said without the accelerations."""
        tasks = {t["id"]: t for t in json.loads(TRACE.read_text())["workflow"]["specification"]["tasks"]}
        nodes = {n["name"]: n for n in json.loads(CLUSTER.read_text())["nodes"]}
        self.assertEqual(sorted(r["task"] for r in rows), sorted(tasks))
        by_task = {r["task"]: r for r in rows}
        for row in rows:
            self.assertIn(row["kind"], ("cpu", "gpu"))
            self.assertLess(row["slot"], nodes[row["node"]][row["kind"] + "_slots"])
            self.assertLess(row["start"], row["finish"])
            for parent in tasks[row["task"]]["parents"]:
                self.assertGreaterEqual(row["start"], by_task[parent]["finish"])
            for other in rows:
                if other is not row and all(other[k] == row[k] for k in ("node", "kind", "slot")):
                    self.assertTrue(other["finish"] <= row["start"] or row["finish"] <= other["start"])

    def test_every_policy_plans(self):
        bound = None
        for policy in POLICIES:
            with self.subTest(policy=policy):
                out = self.folder / f"{policy}.json"
                found = self.figures("--policy", policy, "--out", out)
                rows = json.loads(out.read_text())
                self.check_schedule(rows)
                self.assertEqual(max(r["finish"] for r in rows), found["makespan_seconds"])
                self.assertGreaterEqual(found["ratio"], 1)
                bound = bound or found["lower_bound_seconds"]
                self.assertEqual(found["lower_bound_seconds"], bound)
                self.assertTrue(found["optimum"]["proven"])
                self.assertGreaterEqual(found["optimum"]["gap"], 0)
                way = found["last_way"]
                self.assertAlmostEqual(sum(v for k, v in way.items() if k != "tasks"), found["makespan_seconds"])

    def test_the_default_is_the_portfolio_and_reaches_the_optimum(self):
        found = self.figures()
        self.assertEqual(found["policy"], "portfolio")
        self.assertLess(found["optimum"]["gap"], 1e-9)
        self.assertEqual(found, self.figures("--policy", "portfolio"))

    def test_text(self):
        done = self.simulate("--policy", "heft")
        self.assert_exit(done, 0)
        for part in ("makespan", "lower bound", "ratio", "utilisation", "the way to the last task", "transfers", "optimum"):
            self.assertIn(part, done.stdout)

    def test_policies_are_listed(self):
        done = troupe("simulate", "--policy", "list")
        self.assert_exit(done, 0)
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()], POLICIES)
        self.assertEqual([p["policy"] for p in json_lines(troupe("simulate", "--policy", "list", "--json").stdout)], POLICIES)

    def assert_refused(self, done, code, *parts):
        self.assert_exit(done, code)
        self.assertEqual(done.stdout, "")
        for part in parts:
            self.assertIn(str(part), done.stderr)

    def test_usage(self):
        self.assert_refused(self.simulate("--policy", "best"), 2, "'best'", "heft")
        self.assert_refused(troupe("simulate", "--trace", TRACE), 2, "--cluster")
        self.assert_refused(self.simulate("--seed", "x"), 2, "seed")

    def test_bad_files(self):
        self.assert_refused(self.simulate(trace="/nowhere.json"), 1, "/nowhere.json")
        self.assert_refused(self.simulate(cluster=self.folder), 1, self.folder)
        bad = self.folder / "bad.json"
        bad.write_text(TRACE.read_text().replace('"runtimeInSeconds": 40', '"runtimeInSeconds": -40'))
        self.assert_refused(self.simulate(trace=bad), 1, bad, "execution.tasks[2].runtimeInSeconds", "-40")
        bad.write_text(CLUSTER.read_text()[:-20])
        self.assert_refused(self.simulate(cluster=bad), 1, bad)
        self.assert_refused(self.simulate("--out", "/nowhere/schedule.json"), 1, "/nowhere/schedule.json")


if __name__ == "__main__":
    unittest.main()

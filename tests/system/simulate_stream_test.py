#!/usr/bin/env python3
"""troupe simulate --arrivals: a small stream of our own, and, where they are there, the shared ones beside their reference:
each stream with one policy. `simulate_stream_test.py --full`: with all of them, which takes minutes."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

from support import SystemTest, troupe

POLICIES = ["aged-srpt", "srpt", "las", "rank", "eft", "eft-late", "fifo", "round-robin"]
CLUSTER = {
    "name": "two", "seed": 3, "accel": {"probability": 0.5, "min": 2.0, "max": 9.0}, "default_memory_bytes": 1000,
    "nodes": [
        {"name": "n0", "cpu_slots": 2, "cpu_speed": 1.0, "gpu_slots": 1, "gpu_speed": 1.0, "memory_bytes": 4000,
         "bandwidth_bytes_per_s": 100.0},
        {"name": "n1", "cpu_slots": 1, "cpu_speed": 2.0, "gpu_slots": 0, "gpu_speed": 1.0, "memory_bytes": 2000,
         "bandwidth_bytes_per_s": 50.0}]}


def trace(*seconds: float) -> dict:
    """A task that all others wait for, in WfFormat."""
    names = [f"task{i}" for i in range(len(seconds))]
    tasks = [{"name": n, "id": n, "parents": [] if i == 0 else names[:1], "children": names[1:] if i == 0 else [],
              "inputFiles": [] if i == 0 else ["f"], "outputFiles": ["f"] if i == 0 else []} for i, n in enumerate(names)]
    ran = [{"id": n, "runtimeInSeconds": s, "command": {"program": f"program{i % 3}"}}
           for i, (n, s) in enumerate(zip(names, seconds))]
    return {"name": "t", "schemaVersion": "1.5", "workflow": {
        "specification": {"tasks": tasks, "files": [{"id": "f", "sizeInBytes": 70}]},
        "execution": {"makespanInSeconds": 1, "executedAt": "2026-01-01T00:00:00Z", "tasks": ran}}}


class OwnStream(SystemTest):
    def setUp(self):
        super().setUp()
        self.write("cluster.json", CLUSTER)
        self.write("a.json", trace(2, 10, 10, 10))
        self.write("b.json", trace(1, 1))
        self.stream = {"format": "wfstream-1", "name": "s", "cluster": "two", "load": 0.5, "sigma": 0.4, "seed": 7,
                       "workflows": [{"id": f"w{i}", "instance": "a.json" if i % 3 == 0 else "b.json", "arrival": i * 1.5}
                                     for i in range(12)]}
        self.write("stream.json", self.stream)

    def write(self, name: str, what) -> pathlib.Path:
        path = self.folder / name
        path.write_text(json.dumps(what))
        return path

    def simulate(self, *more):
        return troupe("simulate", "--cluster", self.folder / "cluster.json", "--arrivals", self.folder / "stream.json", *more)

    def figures(self, *more) -> dict:
        done = self.simulate("--json", *more)
        self.assert_exit(done, 0)
        return json.loads(done.stdout)

    def test_every_policy_finishes_every_task(self):
        for policy in POLICIES:
            with self.subTest(policy):
                events = self.folder / "events.jsonl"
                is_ = self.figures("--policy", policy, "--events", events)
                self.assertEqual((is_["policy"], is_["stream"], is_["workflows"]), (policy, "s", 12))
                self.assertLessEqual(is_["median_jct"], is_["p95_jct"])
                self.assertTrue(0 < is_["jain_stretch"] <= 1 <= is_["mean_stretch"] <= is_["max_stretch"])
                self.assertTrue(0 < is_["utilisation"]["all"] <= 1)
                lines = [json.loads(line) for line in events.read_text().splitlines()]
                counts = {e: sum(x["e"] == e for x in lines) for e in ("arrive", "assign", "start", "finish")}
                self.assertEqual(counts, {"arrive": 12, "assign": 32, "start": 32, "finish": 32})
                self.assertEqual([x["t"] for x in lines], sorted(x["t"] for x in lines))

    def test_the_default_policy_and_the_table_for_people(self):
        self.assertEqual(self.figures()["policy"], POLICIES[0])
        shown = self.simulate()
        self.assert_exit(shown, 0)
        self.assertIn("mean completion time", shown.stdout)

    def test_the_seed_decides_what_is_drawn(self):
        self.assertEqual(self.figures("--seed", "1"), self.figures("--seed", "1"))
        self.assertNotEqual(self.figures("--seed", "1"), self.figures("--seed", "2"))
        self.assertEqual(self.figures(), self.figures("--seed", "7"))

    def test_a_given_truth(self):
        tasks = {"a.json": 4, "b.json": 2}
        factors = {w["id"]: [1.0] * tasks[w["instance"]] for w in self.stream["workflows"]}
        exact = self.write("truth.json", {"format": "wftruth-1", "stream": "s", "factors": factors})
        self.assertEqual(self.figures("--truth", exact), self.figures("--truth", exact, "--seed", "5"))
        factors["w3"] = [1.0]
        short = self.write("short.json", {"format": "wftruth-1", "stream": "s", "factors": factors})
        self.assert_refused(self.simulate("--truth", short), "w3 has 1 factors, but a.json has 4 tasks")

    def assert_refused(self, done, *says: str):
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)

    def test_what_is_wrong_is_named(self):
        self.assert_refused(self.simulate("--policy", "sprt"), "sprt", "known are")
        self.assert_refused(self.simulate("--instances", self.folder / "none"), "none/a.json")
        self.assert_refused(self.simulate("--truth", self.folder / "none.json"), "none.json")
        self.write("stream.json", self.stream | {"cluster": "three"})
        self.assert_refused(self.simulate(), "is for the cluster three, not two")
        self.write("stream.json", self.stream | {"workflows": []})
        self.assert_refused(self.simulate(), "stream.json: workflows has 0 entries")
        self.assert_refused(troupe("simulate"), "--cluster")

    def test_events_that_cannot_be_written(self):
        done = self.simulate("--events", self.folder / "no" / "events.jsonl")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("events.jsonl", done.stderr)


@unittest.skipUnless(os.environ.get("TROUPE_SHARED"), "TROUPE_SHARED does not name the folder of the references")
class SharedStreams(SystemTest):
    """Event by event against another implementation."""

    full = False

    shared = pathlib.Path(os.environ.get("TROUPE_SHARED", "."))
    sched, traces = shared / "sched", shared / "data" / "wfinstances"

    def score(self, script: str, *arguments) -> dict:
        done = subprocess.run([sys.executable, "-B", self.sched / script, *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def run_policy(self, stream: pathlib.Path, policy: str) -> tuple:
        """@returns the figures, and the files that a checker needs."""
        truth = stream.with_name(stream.name.replace(".stream.", ".truth."))
        cluster = self.sched / "clusters" / (json.loads(stream.read_text())["cluster"] + ".json")
        events = self.folder / f"{policy}.jsonl"
        done = troupe("simulate", "--cluster", cluster, "--arrivals", stream, "--truth", truth, "--instances", self.traces,
                      "--policy", policy, "--events", events, "--json")
        self.assert_exit(done, 0)
        return json.loads(done.stdout), (stream, truth, cluster, events)

    def test_reference_policies_have_the_reference_s_events(self):
        for i, stream in enumerate(sorted((self.sched / "streams").glob("*.stream.json"))):
            for policy in POLICIES[1:] if self.full else [POLICIES[1:][i % len(POLICIES[1:])]]:
                with self.subTest(stream=stream.name, policy=policy):
                    figures, (_, truth, cluster, events) = self.run_policy(stream, policy)
                    expected = self.folder / "expected.jsonl"
                    wanted = self.score("reference.py", "simulate", policy, stream, truth, cluster, self.traces, expected)
                    self.score("score.py", "--online", stream, truth, cluster, events, "--instances", self.traces,
                               "--expect", expected, "--json")
                    for name, value in wanted.items():
                        if name != "utilisation":
                            self.assertAlmostEqual(figures[name], value, delta=1e-9 * abs(value))

    def test_the_default_is_better_than_srpt_and_fairer_than_eft(self):
        for stream in sorted((self.sched / "streams").glob("*.stream.json")):
            with self.subTest(stream.name):
                ours, files = self.run_policy(stream, POLICIES[0])
                self.score("score.py", "--online", *files, "--instances", self.traces, "--json")
                srpt, _ = self.run_policy(stream, "srpt")
                eft, _ = self.run_policy(stream, "eft")
                for name in ("mean_jct", "p95_jct", "max_stretch"):
                    self.assertLessEqual(ours[name], srpt[name])
                self.assertGreaterEqual(ours["jain_stretch"], eft["jain_stretch"])


if __name__ == "__main__":
    if "--full" in sys.argv:
        sys.argv.remove("--full")
        SharedStreams.full = True
    unittest.main()

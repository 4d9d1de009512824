"""`troupe replay`: recorded histories against this build, whole stores, and histories that are not as they were recorded."""

import json
import unittest

from support import ROOT, SystemTest, WORKFLOW, json_lines, troupe, write_documents

HISTORIES = sorted((ROOT / "tests" / "histories").glob("*.json"))


class Replay(SystemTest):
    def test_every_recorded_history_is_the_same_today(self):
        self.assertGreaterEqual(len(HISTORIES), 8)
        done = troupe("replay", "--json", *HISTORIES)
        self.assert_exit(done, 0)
        self.assertEqual({each["result"] for each in json_lines(done.stdout)}, {"same"}, done.stdout)

    def changed(self, name: str, change) -> str:
        """The path of a recorded history with one thing changed."""
        run = json.loads((ROOT / "tests" / "histories" / f"{name}.json").read_text())
        change(run["history"])
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(run))
        return str(path)

    def test_a_divergence_is_shown_with_both_sides(self):
        def take_the_other_way(history):
            (decided,) = [each for each in history if each.get("stepDecided", {}).get("step") == "publish"
                          and each["stepDecided"].get("index", 0) == 0]
            decided["stepDecided"]["skipped"] = False
        path = self.changed("recovered", take_the_other_way)
        done = troupe("replay", path)
        self.assert_exit(done, 1)
        self.assertIn("goes another way at event", done.stdout)
        self.assertIn("recorded  step_decided publish[0] to be done", done.stdout)
        self.assertIn("today     step_decided publish[0] skipped", done.stdout)
        (told,) = json_lines(troupe("replay", path, "--json").stdout)
        self.assertEqual((told["result"], told["expected"]), ("differs", "step_decided publish[0] skipped"))

    def test_what_does_not_fit_is_refused(self):
        done = troupe("replay", self.changed("completed", lambda history: history.pop(5)))
        self.assert_exit(done, 1)
        self.assertIn("this build refuses it at event 7", done.stdout)
        self.assertIn("event 7 where 6 was due", done.stdout)

    def test_a_store_is_replayed_whole(self):
        write_documents(self.folder / "in", 2)
        for run in ("one", "two"):
            self.assert_exit(troupe("run", WORKFLOW, "--store", self.store, "--id", run, "--input", f"folder={self.folder / 'in'}",
                                    "--input", f"output={self.folder / run}"), 0)
        done = troupe("replay", "--all", "--store", self.store)
        self.assert_exit(done, 0)
        self.assertIn("2 runs,", done.stdout)
        self.assertIn("0 diverge", done.stdout)
        self.assert_exit(troupe("replay", "one", "--store", self.store), 0)

    def test_mistakes_are_named(self):
        for content, words in (("", "not a JSON object"), ("[1]", "not a JSON object"), ('{"history": 3}', "not a JSON object"),
                               ('{"history": [{"sequence": "x"}]}', "event 1"), ('{"history": []}', "the history is empty"),
                               ("[" * 200_000, "not a JSON object"), ('{"history": [' + "[" * 100_000, "not a JSON object"),
                               ('{"history": [' + '{"runStarted":' * 2_000 + "1" + "}" * 2_000 + "]}", "event 1")):
            path = self.folder / "bad.json"
            path.write_text(content)
            done = troupe("replay", path)
            self.assert_exit(done, 1)
            self.assertIn(words, done.stderr + done.stdout)
        self.assert_exit(troupe("replay"), 2)
        self.assert_exit(troupe("replay", "--all", "run"), 2)
        done = troupe("replay", "nobody", "--store", self.store)
        self.assert_exit(done, 1)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""`troupe model quantize`: what int8 costs is measured, bounds are kept or refused, and the file steers --precision."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from eval_test import CORPUS
from support import ROOT, TROUPE, SystemTest, troupe
from tiny_model import write_model, write_text

MODEL = ROOT / "models" / "ner-default"


class Model(SystemTest):
    def setUp(self):
        super().setUp()
        self.model = pathlib.Path(self.folder) / "model"
        shutil.copytree(MODEL, self.model)
        self.corpus = pathlib.Path(self.folder) / "corpus.txt"
        self.corpus.write_text(CORPUS, encoding="utf-8")

    def quantize(self, *arguments, model=None, data=None):
        return troupe("model", "quantize", model or self.model, "--check", data or self.corpus, *arguments)

    def engine(self, *arguments):
        done = troupe("eval", "--model", self.model, "--data", self.corpus, "--json", *arguments)
        self.assert_exit(done, 0)
        return json.loads(done.stdout)["precision"], done.stderr

    def test_proved_and_used(self):
        before, _ = self.engine()
        self.assertIn(before, ("fp32", "bf16"))
        done = self.quantize("--json")
        self.assert_exit(done, 0)
        found = json.loads(done.stdout)
        self.assertEqual((found["sentences"], found["labelled"], found["within_bounds"], found["written"]), (3, True, True, True))
        self.assertEqual(found["tried"][0]["kept"], [])
        written = json.loads((self.model / "quantization.json").read_text())
        self.assertEqual(written["kept"], found["result"]["kept"])
        self.assertFalse(written["forced"])
        self.assertEqual(self.engine("--precision", "int8")[0], "int8")
        self.assertIn(self.engine()[0], ("int8", before))  # int8 where the processor has products for it

    def test_text_without_labels(self):
        lines = pathlib.Path(self.folder) / "lines.txt"
        lines.write_text("Ada Lovelace worked in London .\n\nGermany beat Spain .\n", encoding="utf-8")
        done = self.quantize("--json", "--dry-run", data=lines)
        self.assert_exit(done, 0)
        found = json.loads(done.stdout)
        self.assertEqual((found["sentences"], found["labelled"], found["written"]), (2, False, False))
        self.assertNotIn("f1_of_fp32", found)
        self.assertFalse((self.model / "quantization.json").exists())
        text = self.quantize("--dry-run", data=lines)
        self.assert_exit(text, 0)
        self.assertIn("nothing is written", text.stdout)

    def test_bounds_that_cannot_be_kept(self):
        # Of random weights, some spans differ however many products are kept.
        model = write_model(pathlib.Path(self.folder) / "tiny")
        data = write_text(pathlib.Path(self.folder) / "text.txt", 200_000)
        refused = self.quantize("--max-differing", 0, "--json", model=model, data=data)
        self.assert_exit(refused, 1)
        found = json.loads(refused.stdout)
        self.assertGreater(found["result"]["differing_spans"], 0)
        self.assertEqual([len(each["kept"]) for each in found["tried"]], [0, 1, 2])
        self.assertIn("--force", refused.stderr)
        self.assertFalse((model / "quantization.json").exists())
        self.assert_exit(self.quantize("--max-differing", 0, "--force", model=model, data=data), 0)
        self.assertTrue(json.loads((model / "quantization.json").read_text())["forced"])

    def test_packed_weights_are_kept_where_the_user_wants(self):
        home = pathlib.Path(self.folder) / "home"
        home.mkdir()
        text = pathlib.Path(self.folder) / "text.txt"
        text.write_text("Ada Lovelace was in London.")
        environment = {key: value for key, value in os.environ.items() if key not in ("TROUPE_CACHE_DIR", "XDG_CACHE_HOME")}
        found = []
        for changes, folder in (({"HOME": home}, home / ".cache" / "troupe"), ({"HOME": home, "XDG_CACHE_HOME": home / "xdg"}, home / "xdg" / "troupe"),
                                ({"HOME": home, "TROUPE_CACHE_DIR": home / "mine"}, home / "mine"), ({"HOME": home / "none", "TROUPE_CACHE_DIR": ""}, None),
                                ({"HOME": "/proc/none"}, None)):
            done = troupe("ner", "--model", self.model, text, env=environment | {key: str(value) for key, value in changes.items()})
            self.assert_exit(done, 0)
            self.assertEqual(done.stderr, "")
            found.append(done.stdout)
            if folder:
                self.assertEqual([each.suffix for each in folder.iterdir()], [".weights"])
                self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual(set(found), {found[0]})
        self.assertFalse((home / "none").exists())

    def test_processes_share_packed_weights(self):
        # What is private to a process that has the model is small beside the weights, which all map.
        with tempfile.TemporaryDirectory() as cache:
            serving = [subprocess.Popen([str(TROUPE), "bench", "serve", "--model", str(self.model), "--precision", "fp32"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | {"TROUPE_CACHE_DIR": cache}) for _ in range(3)]
            try:
                for each in serving:
                    each.stdin.write(json.dumps({"cmd": "load", "threads": 1, "workers": 1, "text": "Ada Lovelace"}) + "\n")
                    each.stdin.flush()
                    self.assertIn("load_s", json.loads(each.stdout.readline()))
                (weights,) = pathlib.Path(cache).iterdir()
                for each in serving:
                    rollup = pathlib.Path(f"/proc/{each.pid}/smaps_rollup").read_text()
                    private = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")) * 1024
                    self.assertLess(private, 60e6)
                    self.assertLess(private, weights.stat().st_size)
                    self.assertIn(str(weights), pathlib.Path(f"/proc/{each.pid}/maps").read_text())
            finally:
                for each in serving:
                    each.stdin.close()
                    each.wait(timeout=30)
                    each.stdout.close()

    def test_errors(self):
        for arguments, code, said in ((("--max-differing", "x"), 2, "--max-differing"), (("--max-f1-loss", -1), 2, "--max-f1-loss")):
            done = self.quantize(*arguments)
            self.assert_exit(done, code)
            self.assertIn(said, done.stderr)
        missing = self.quantize(data="no-such-file")
        self.assert_exit(missing, 1)
        self.assertIn("no-such-file", missing.stderr)
        self.assert_exit(self.quantize(model="no-such-model"), 1)
        (self.model / "quantization.json").write_text("{}")
        damaged = troupe("eval", "--model", self.model, "--data", self.corpus)
        self.assert_exit(damaged, 1)
        self.assertIn("quantization.json", damaged.stderr)


if __name__ == "__main__":
    unittest.main()

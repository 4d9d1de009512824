#!/usr/bin/env python3
"""`troupe eval`: its figures on a small corpus of our own, and how it refuses."""

import json
import pathlib
import unittest

from support import ROOT, SystemTest, troupe

MODEL = ROOT / "models" / "ner-default"

# One entity is wrong on purpose (the model finds Oslo, a LOC), whatever the model thinks of the rest.
CORPUS = """-DOCSTART- -X- -X- O

Ada NNP B-NP B-PER
Lovelace NNP I-NP I-PER
worked VBD B-VP O
in IN B-PP O
London NNP B-NP B-LOC
. . O O

Then RB B-ADVP O
she PRP B-NP O
went VBD B-VP O
to TO B-PP O
Oslo NNP B-NP B-ORG
. . O O

-DOCSTART- -X- -X- O

Germany NNP B-NP B-LOC
beat VBD B-VP O
Spain NNP B-NP B-LOC
. . O O
"""


class Eval(SystemTest):
    def evaluate(self, text, *arguments):
        path = pathlib.Path(self.folder) / "corpus.txt"
        path.write_text(text, encoding="utf-8")
        return troupe("eval", "--model", MODEL, "--data", path, "--precision", "fp32", *arguments)

    def figures(self, text, *arguments):
        done = self.evaluate(text, "--json", *arguments)
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def check(self, found):
        self.assertEqual((found["documents"], found["sentences"], found["words"]), (2, 3, 16))
        entities = found["entities"]["default"]
        self.assertEqual(entities["PER"], {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 1})
        self.assertEqual(entities["ORG"]["recall"], 0.0)
        self.assertEqual((entities["micro avg"]["precision"], entities["micro avg"]["recall"]), (0.8, 0.8))
        self.assertEqual(found["tokens"]["accuracy"], 15 / 16)
        self.assertEqual(list(found["tokens"])[:5], ["B-LOC", "B-ORG", "B-PER", "I-PER", "O"])

    def test_figures(self):
        for arguments in ((), ("--threads", 1), ("--context", "document")):
            found = self.figures(CORPUS, *arguments)
            self.check(found)
            self.assertEqual(found["scheme"], "iob2")

    def test_a_corpus_in_another_scheme_gives_the_same(self):
        iob1 = CORPUS.replace("B-PER", "I-PER").replace(" B-LOC", " I-LOC").replace(" B-ORG", " I-ORG")
        found = self.figures(iob1)
        self.assertEqual(found["scheme"], "iob1")
        self.check(found)
        iobes = CORPUS.replace("I-PER", "E-PER").replace(" B-LOC", " S-LOC").replace(" B-ORG", " S-ORG")
        found = self.figures(iobes)
        self.assertEqual(found["scheme"], "iobes")
        self.check(found)

    def test_text_has_both_reports(self):
        done = self.evaluate(CORPUS, "--digits", "3", "--strict")
        self.assert_exit(done, 0)
        self.assertIn("   micro avg      0.800     0.800     0.800         5\n", done.stdout)
        self.assertIn("    accuracy                          0.938        16\n", done.stdout)
        self.assertIn("mode strict", done.stdout)

    def test_types_that_the_model_lacks_are_warned_of(self):
        done = self.evaluate("Ada B-person\n")
        self.assert_exit(done, 0)
        self.assertIn("no label for the type person", done.stderr)

    def test_refusals_name_the_place(self):
        for text, said in (("Ada B-PER\nLovelace\n", "corpus.txt:2 has one column"),
                           ("Ada PER\n", "corpus.txt:1 ends in \"PER\", which is no tag"),
                           ("", "corpus.txt has no words"),
                           ("a I-PER\nb O\nc B-PER\n", "the tags mix two schemes")):
            refused = self.evaluate(text)
            self.assert_exit(refused, 1)
            self.assertIn(said, refused.stderr)
        self.check(self.figures(CORPUS.replace("B-PER", "I-PER"), "--scheme", "iob1"))
        missing = troupe("eval", "--model", MODEL, "--data", self.folder / "none.txt")
        self.assert_exit(missing, 1)
        self.assertIn("none.txt", missing.stderr)
        for arguments in ([], ["--model", MODEL], ["--model", MODEL, "--data", "x", "--scheme", "bio"]):
            self.assertEqual(troupe("eval", *arguments).returncode, 2)


if __name__ == "__main__":
    unittest.main()

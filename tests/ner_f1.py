#!/usr/bin/env python3
"""Entity-level F1 of `troupe ner` on a CoNLL file.

    tests/ner_f1.py valid.txt
    tests/ner_f1.py valid.txt --model models/ner-default --precision fp32 --expect 93.26 --within 0.1

The file has one word per line, the word first and its IOB tag last, and an empty line between
sentences. Each sentence goes to the program as one line, its words joined by one space, with
`--aggregation none`; a word has the label of its first piece. The basic tokenizer of BERT splits at
spaces and punctuation and looks at nothing beyond, so the pieces are the same as for words given one
by one. Entities are counted as seqeval does in its default mode: an I- tag after O or after another
type begins an entity. Needs Python 3 only. Exit status 1 when the figure misses --expect.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read_conll(path):
    """[(words, tags)] of every sentence."""
    sentences, words, tags = [], [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() + [""], 1):
        fields = line.split()
        if not fields:
            if words:
                sentences.append((words, tags))
            words, tags = [], []
        elif len(fields) < 2:
            sys.exit(f"{path}:{number}: expected a word and a tag")
        elif fields[0] != "-DOCSTART-":
            words.append(fields[0])
            tags.append(fields[-1])
    return sentences


def entities_of_lines(lines, args):
    """What `troupe ner` finds in every line."""
    command = [args.troupe, "ner", "--model", args.model, "--precision", args.precision,
               "--aggregation", "none", "--by", "line"]
    done = subprocess.run(command, input="".join(line + "\n" for line in lines), text=True,
                          encoding="utf-8", stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with status {done.returncode}")
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    if len(answers) != len(lines):
        sys.exit(f"{len(answers)} answers to {len(lines)} lines")
    for line, answer in zip(lines, answers):
        if answer["text"] != line:
            sys.exit(f"the answer is about {answer['text']!r}, not about {line!r}")
    return [answer["entities"] for answer in answers]


def tags_of_words(words, pieces):
    """The label of the first piece of every word, "O" where that has none."""
    label_at = {piece["start"]: piece["label"] for piece in pieces}
    tags, start = [], 0
    for word in words:
        tags.append(label_at.get(start, "O"))
        start += len(word) + 1
    return tags


def entities(tags):
    """{(type, first, last)}, lenient as seqeval's default mode."""
    found, first, current = set(), 0, None
    for i, tag in enumerate(tags + ["O"]):
        prefix, _, kind = tag.partition("-")
        kind = kind if prefix != "O" else None
        if current is not None and (kind != current or prefix == "B"):
            found.add((current, first, i - 1))
            current = None
        if kind is not None and current is None:
            first, current = i, kind
    return found


def scores(true, found, both):
    """Precision, recall and F1 in per cent."""
    precision = 100 * both / found if found else 0.0
    recall = 100 * both / true if true else 0.0
    f1 = 2 * precision * recall / (precision + recall) if both else 0.0
    return precision, recall, f1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("conll", type=Path)
    parser.add_argument("--troupe", default=ROOT / "build" / "release" / "troupe", type=Path)
    parser.add_argument("--model", default=ROOT / "models" / "ner-default", type=Path)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--expect", type=float, help="micro F1 that the model is known to have")
    parser.add_argument("--within", type=float, default=0.1)
    args = parser.parse_args()

    sentences = read_conll(args.conll)
    lines = [" ".join(words) for words, _ in sentences]
    true, found, both = Counter(), Counter(), Counter()
    for (words, tags), pieces in zip(sentences, entities_of_lines(lines, args)):
        gold, ours = entities(tags), entities(tags_of_words(words, pieces))
        true.update(kind for kind, _, _ in gold)
        found.update(kind for kind, _, _ in ours)
        both.update(kind for kind, _, _ in gold & ours)

    print(f"{'':10} {'precision':>9} {'recall':>9} {'F1':>9} {'entities':>9}")
    for kind in sorted(true | found):
        print(f"{kind:10} {'%9.2f %9.2f %9.2f' % scores(true[kind], found[kind], both[kind])}"
              f" {true[kind]:9}")
    micro = scores(sum(true.values()), sum(found.values()), sum(both.values()))
    print(f"{'micro':10} {'%9.2f %9.2f %9.2f' % micro} {sum(true.values()):9}")
    if args.expect is not None and abs(micro[2] - args.expect) > args.within:
        sys.exit(f"micro F1 {micro[2]:.2f} is not within {args.within} of {args.expect}")


if __name__ == "__main__":
    main()

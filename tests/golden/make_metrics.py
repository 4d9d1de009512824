#!/usr/bin/env python3
"""Writes tests/golden/metrics/cases.jsonl: reports on invented tags, computed here from the definitions.

    tests/golden/make_metrics.py > tests/golden/metrics/cases.jsonl

An implementation of its own, in another language and another style than kernels/bert/metrics: entities of the strict
mode are found by regular expressions over the whole sentence. Python 3 only.
"""

import json
import random
import re

TYPES = ["LOC", "MISC", "ORG", "PER"]
AVERAGES = ["micro avg", "macro avg", "weighted avg"]


def lenient(tags):
    found, first, previous = [], None, ("O", None)
    for i, tag in enumerate(tags + ["O"]):
        prefix, kind = tag[0], tag[2:] or None
        new = prefix in "BS" or kind != previous[1] or previous[0] in "ESO"
        if first is not None and (prefix == "O" or new):
            found.append((previous[1], first, i - 1))
            first = None
        if prefix != "O" and new:
            first = i
        previous = (prefix, kind)
    return found


def strict(tags, scheme):
    """An entity is a run that matches one expression; each word is written as prefix and a letter for its type."""
    kinds = sorted({t[2:] for t in tags if t != "O"})
    text = "".join("O_" if t == "O" else t[0] + chr(97 + kinds.index(t[2:])) for t in tags)
    if scheme == "IOB2":
        pattern = r"B(?P<k>[a-z])(?:I(?P=k))*"
    elif scheme == "IOBES":
        pattern = r"B(?P<k>[a-z])(?:I(?P=k))*E(?P=k)|S(?P<s>[a-z])"
    else:
        return strict_iob1(tags)
    found = []
    for match in re.finditer(pattern, text):
        letter = match.groupdict().get("k") or match.groupdict().get("s")
        found.append((kinds[ord(letter) - 97], match.start() // 2, match.end() // 2 - 1))
    return found


def strict_iob1(tags):
    """I-X begins an X unless it continues one; B-X is only right behind an X. A B- at another place spoils what
    follows: an I- behind it begins anew."""
    found, i = [], 0
    while i < len(tags):
        before = tags[i - 1] if i else "O"
        starts = (tags[i][0] == "I" and (before[0] in "OB" or before[2:] != tags[i][2:])) or (
            tags[i][0] == "B" and before[2:] == tags[i][2:] and before != "O")
        if not starts:
            i += 1
            continue
        end = i + 1
        while end < len(tags) and tags[end] == "I-" + tags[i][2:]:
            end += 1
        following, last = (tags[end] if end < len(tags) else "O"), tags[end - 1]
        if not (last[0] == "B" and following[0] == "B" and following[2:] != last[2:]):
            found.append((tags[i][2:], i, end - 1))
        i = end
    return found


def ratio(a, b):
    return a / b if b else 0.0


def scores(correct, predicted, wanted, entities):
    """The two libraries compute F1 in two ways; the last bit shows when 0.8125 is printed in three digits."""
    p, r = ratio(correct, predicted), ratio(correct, wanted)
    f1 = ratio(2 * p * r, p + r) if entities else ratio(2 * correct, predicted + wanted)
    return {"precision": p, "recall": r, "f1-score": f1, "support": wanted}


def report(counts, accuracy):
    rows = {name: scores(*counts[name], not accuracy) for name in sorted(counts)}
    total = [sum(c[i] for c in counts.values()) for i in range(3)]
    out = dict(rows)
    if accuracy:
        out["accuracy"] = ratio(total[0], total[2])
    else:
        out["micro avg"] = scores(*total, True)
    out["macro avg"], out["weighted avg"] = {}, {}
    for figure in ("precision", "recall", "f1-score"):
        values = [row[figure] for row in rows.values()]
        out["macro avg"][figure] = sum(values) / len(values) if values else None
        out["weighted avg"][figure] = ratio(sum(row[figure] * row["support"] for row in rows.values()), total[2])
    out["macro avg"]["support"] = out["weighted avg"]["support"] = total[2]
    return out


def text(of, digits=3):
    width = max(len(name) for name in [*of, "weighted avg"])
    lines = [" " * width + " " + "".join(f" {h:>9}" for h in ("precision", "recall", "f1-score", "support")), ""]
    support = of["weighted avg"]["support"]
    floats = "accuracy" in of and of["accuracy"] == 0
    for name, row in of.items():
        if name in ("accuracy", "micro avg"):
            lines.append("")
        cells = ([" " * 9] * 2 + [f"{row:9.{digits}f}"] if name == "accuracy" else
                 [f"{row[f]:9.{digits}f}" for f in ("precision", "recall", "f1-score")])
        number = str(support if name == "accuracy" else row["support"]) + (".0" if floats else "")
        lines.append(f"{name:>{width}} " + "".join(" " + c for c in cells) + f" {number:>9}")
    return "\n".join(lines) + "\n"


def entity_counts(truth, predicted, find):
    counts = {}
    for gold, ours in zip(truth, predicted):
        gold, ours = set(find(gold)), set(find(ours))
        for which, part in ((0, gold & ours), (1, ours), (2, gold)):
            for kind, _, _ in part:
                counts.setdefault(kind, [0, 0, 0])[which] += 1
    return counts


def token_counts(truth, predicted):
    counts = {}
    for gold, ours in zip(truth, predicted):
        for a, b in zip(gold, ours):
            counts.setdefault(a, [0, 0, 0])[2] += 1
            counts.setdefault(b, [0, 0, 0])[1] += 1
            counts[a][0] += a == b
    return counts


def shifted(sentences):
    out, offset = [], 0
    for tags in sentences:
        out += [[kind, first + offset, last + offset] for kind, first, last in lenient(tags)]
        offset += len(tags) + 1
    return out


def case(scheme, name, truth, predicted):
    default = report(entity_counts(truth, predicted, lenient), False)
    token = report(token_counts(truth, predicted), True)
    return {
        "scheme": scheme, "name": name, "y_true": [" ".join(t) for t in truth], "y_pred": [" ".join(t) for t in predicted],
        "default": default, "strict": report(entity_counts(truth, predicted, lambda t: strict(t, scheme)), False),
        "accuracy": token["accuracy"], "entities_true": shifted(truth), "entities_pred": shifted(predicted),
        "token": token, "token_text": text(token),
        "default_text": text(default) if default["macro avg"]["f1-score"] is not None else None,
    }


def main():
    rng = random.Random(4)
    prefixes = {"IOB2": "BI", "IOB1": "BI", "IOBES": "BIES"}
    for scheme, letters in prefixes.items():
        tags = ["O", "O"] + [p + "-" + t for p in letters for t in TYPES[:3]]
        for number in range(6):
            truth = [[rng.choice(tags) for _ in range(rng.randint(1, 9))] for _ in range(rng.randint(1, 8))]
            predicted = [[t if rng.random() < 0.7 else rng.choice(tags) for t in sentence] for sentence in truth]
            print(json.dumps(case(scheme, f"random {number}", truth, predicted)))
    for name, truth, predicted in (
            ("nothing anywhere", ["O", "O"], ["O", "O"]),
            ("nothing right", ["O", "B-PER"], ["B-PER", "O"]),
            ("long type name", ["B-VERY-LONG-TYPE", "I-VERY-LONG-TYPE"], ["B-VERY-LONG-TYPE", "O"])):
        print(json.dumps(case("IOB2", name, [truth], [predicted])))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Compares our tokenizer with the reference library on random strings. Optional: needs `pip install tokenizers numpy`.

    differential.py ENCODE_LINES [--strings 100000] [--seed 1] [--vocab vocab.txt ...]

ENCODE_LINES is the program built from encode_lines.cpp. For each of the eight combinations of lower-casing, accent
stripping and CJK splitting, with a vocabulary that has every code point as a piece (so that nothing hides in [UNK]) and
with each one given, every code point between two letters and random strings and lists of words go through both; ids,
offsets and word ids must be equal.
"""
import argparse
import itertools
import json
import random
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def scalar_values():
    return (c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF)


def write_full_vocabulary(file):
    chars = [chr(c) for c in scalar_values() if chr(c).strip() and c >= 0x20]
    longer = ["the", "ing", "##ing", "##ed", "un", "##able", "e\u0301", "##\u0301\u0302"]
    file.write_text("\n".join(SPECIAL + chars + ["##" + c for c in chars] + longer) + "\n", encoding="utf-8")


def every_code_point():
    words = ["a" + chr(c) + "b" for c in scalar_values()]
    return [" ".join(words[i:i + 64]) for i in range(0, len(words), 64)]


class Strings:
    """Random strings that favour what is easily missed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        every = list(scalar_values())
        marks = [c for c in every if unicodedata.category(chr(c)).startswith("M")]
        self.pools = [
            list(range(0x20, 0x7F)), list(range(0x61, 0x7B)), list(range(0x41, 0x5B)), list(range(0x00, 0x20)),
            list(range(0x80, 0x250)), marks, [c for c in every if unicodedata.combining(chr(c))],
            [c for c in marks if unicodedata.category(chr(c)) == "Mc"],
            [c for c in every if unicodedata.decomposition(chr(c)) and "<" not in unicodedata.decomposition(chr(c))],
            [c for c in every if chr(c).lower() != chr(c)],
            [c for c in every if unicodedata.category(chr(c)) in ("Zs", "Zl", "Zp", "Cc", "Cf")],
            [c for c in every if unicodedata.category(chr(c)).startswith("P")],
            list(range(0xAC00, 0xD7A4)), list(range(0x1100, 0x1200)), list(range(0x4E00, 0xA000)),
            list(range(0xF900, 0xFB00)) + list(range(0x2F800, 0x2FA20)), list(range(0x3000, 0x3400)),
            list(range(0x1D100, 0x1D200)), list(range(0x1F300, 0x1F700)), list(range(0xE000, 0xE100)),
            [0xFFFD, 0xFEFF, 0xAD, 0x200B, 0x200D, 0x130, 0x131, 0x3A3, 0xDF, 0x344, 0xF73, 0xF75, 0xF81, 0x34F],
            every,
        ]

    def part(self):
        r = self.random
        if r.random() < 0.06:
            return r.choice(SPECIAL + ["[mask]", "[MASK", "MASK]", "[[MASK]]", "[CLS][SEP]", "[UNK]x", " [PAD] "])
        if r.random() < 0.01:
            return chr(r.choice(r.choice(self.pools))) * r.randint(48, 104)
        pool = r.choice(self.pools)
        return "".join(chr(r.choice(pool)) for _ in range(r.choice((1, 1, 1, 2, 3, 6))))

    def text(self):
        return "".join(self.part() for _ in range(self.random.choice((1, 2, 3, 5, 8, 13))))

    def input(self):
        return self.text() if self.random.random() < 0.9 else [self.text() for _ in range(self.random.randint(1, 4))]


def reference(vocab, lower, strip, cjk):
    tokenizer = Tokenizer(WordPiece.from_file(str(vocab), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=cjk, strip_accents=strip, lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", tokenizer.token_to_id("[SEP]")), ("[CLS]", tokenizer.token_to_id("[CLS]")))
    return tokenizer


def code_point_offsets(text):
    """byte offset -> code point offset"""
    places, at = {0: 0}, 0
    for i, c in enumerate(text):
        at += len(c.encode())
        places[at] = i + 1
    return places


def to_code_points(given, offsets, words):
    if isinstance(given, str):
        places = [code_point_offsets(given)] * len(offsets)
    else:
        each = [code_point_offsets(word) for word in given]
        places = [each[w] if w >= 0 else {0: 0} for w in words]
    return [(p.get(s, -1), p.get(e, -1)) for p, (s, e) in zip(places, offsets)]


def compare(program, vocab, options, inputs, folder):
    lower, strip, cjk = options
    (folder / "vocab.txt").write_bytes(vocab.read_bytes())
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"do_lower_case": lower, "strip_accents": strip, "tokenize_chinese_chars": cjk}))
    lines = "".join(json.dumps(i) + "\n" for i in inputs)
    ran = subprocess.run([program, folder], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    theirs = reference(vocab, *options)
    wrong = 0
    for given, line in zip(inputs, ran.stdout.splitlines(), strict=True):
        ids, offsets, words, _ = json.loads(line)
        want = theirs.encode(given, is_pretokenized=not isinstance(given, str))
        ours = (ids, to_code_points(given, offsets, words), [None if w < 0 else w for w in words])
        if ours != (want.ids, want.offsets, want.word_ids):
            wrong += 1
            if wrong <= 3:
                print(f"{ascii(given)}\n  ours   {ours}\n  theirs {(want.ids, want.offsets, want.word_ids)}")
    print(f"{vocab.parent.name}/{vocab.name} lower={lower} strip={strip} cjk={cjk}: {len(inputs)} inputs, "
          f"{wrong} differences", flush=True)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--strings", type=int, default=100_000, help="for each combination, in all vocabularies")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vocab", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    strings = Strings(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        full = Path(name) / "full.txt"
        write_full_vocabulary(full)
        vocabularies = [full, *arguments.vocab]
        wrong = 0
        for options in itertools.product((True, False), repeat=3):
            for vocab in vocabularies:
                inputs = every_code_point() if vocab is full else []
                inputs += [strings.input() for _ in range(arguments.strings // len(vocabularies))]
                wrong += compare(arguments.program, vocab, options, inputs, Path(name))
    sys.exit(1 if wrong else 0)


main()

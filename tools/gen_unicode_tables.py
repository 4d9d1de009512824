#!/usr/bin/env python3
"""Writes kernels/text/unicode_tables.inc, the character data of the tokenizer, from probes of the reference library.

    tools/gen_unicode_tables.py GOLDEN/tokenizer MODEL_DIR > kernels/text/unicode_tables.inc

GOLDEN/tokenizer holds codepoints_uncased.tsv and codepoints_cased.tsv (what the reference normaliser and pre-tokenizer
make of every code point), MODEL_DIR holds word_shape.tsv (which code points are upper case, which lower). The probes
cover two of the four combinations of lower-casing and accent stripping. What the other two need is taken apart so:

  classes        removed, white space, CJK, punctuation: the cased table as it stands (it neither lowers nor strips).
  decomposition  this Python's canonical decomposition, kept where the uncased table shows that the reference decomposes
                 the code point too. Hangul syllables are left out: the code computes them.
  marks          deleted by the uncased table and not by the cased one, and not a decomposition into marks only.
  lower case     the payload of the uncased table where the code point has no decomposition, else this Python's mapping.
  upper, lower   the classes of word_shape.tsv, which know fewer (older) letters than the lower-case mapping.
  combining      this Python's combining class, but zero for what Unicode added after the reference's data (Unicode 9).

The result is applied to every code point again and must give both tables and word_shape.tsv exactly, or nothing is
written. Python 3.11 is asked for because a newer one knows more combining classes than OLD_COMBINING_EXCEPTIONS lists.
"""
import sys
import unicodedata
from pathlib import Path

UNICODE_OF_PYTHON = "14.0.0"
# Combining class 0 in the reference although Unicode 14 says otherwise: all were added after Unicode 9.
OLD_COMBINING_EXCEPTIONS = """
7FD 898-89F 8CA-8D3 9FE C3C D3B-D3C EBA 1715 1ABF-1ACE 1DF6-1DFA A82C 10D24-10D27 10EAB-10EAC 10F46-10F50 10F82-10F85
11070 1133B 1145E 11839-1183A 1193D-1193E 11943 119E0 11A34 11A47 11A99 11D42 11D44-11D45 11D97 16FF0-16FF1 1E130-1E136
1E2AE 1E2EC-1E2EF"""
HANGUL = range(0xAC00, 0xAC00 + 11172)
LIMIT = 0x110000
# The names and values of troupe::text::char_flag.
REMOVED, WHITE, CJK, PUNCTUATION, MARK, UPPER, LOWER, DECOMPOSES, EXPANDS = (1 << bit for bit in range(9))


def code_points():
    return (c for c in range(LIMIT) if not 0xD800 <= c <= 0xDFFF)


def read_probes(path):
    """code point -> (kind, payload) of a codepoints_*.tsv; a missing code point is kept as it is."""
    rows = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            assert "left=61 right=62" in line, f"{path}: the code expects 'a' and 'b' around each code point"
            continue
        first, last, kind, payload = (line.split("\t") + [""])[:4]
        for c in range(int(first, 16), int(last, 16) + 1):
            rows[c] = (kind, payload)
    return rows


def read_shapes(path):
    """code point -> 'U' or 'l'."""
    shapes = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            first, last, kind = line.split("\t")
            shapes.update(dict.fromkeys(range(int(first, 16), int(last, 16) + 1), kind))
    return shapes


def python_nfd(c):
    return [ord(x) for x in unicodedata.normalize("NFD", chr(c))]


class Tables:
    def __init__(self, uncased, cased, shapes):
        self.flags, self.lower, self.decomposition, self.combining = {}, {}, {}, {}
        kinds = {"D": REMOVED, "S": WHITE, "C": CJK, "P": PUNCTUATION}
        for c, (kind, _) in cased.items():
            self.flags[c] = kinds[kind]
        for c, kind in shapes.items():
            self.flags[c] = self.flags.get(c, 0) | (UPPER if kind == "U" else LOWER)
        self.read_marks(uncased)
        self.read_decompositions(uncased)
        self.read_lower(uncased)
        self.read_combining()

    def has(self, c, flag):
        return bool(self.flags.get(c, 0) & flag)

    def read_marks(self, uncased):
        for c, (kind, _) in uncased.items():
            if kind == "D" and not self.has(c, REMOVED) and python_nfd(c) == [c]:
                self.flags[c] = self.flags.get(c, 0) | MARK

    def read_decompositions(self, uncased):
        for c in code_points():
            parts = python_nfd(c)
            if c in HANGUL:
                self.flags[c] = self.flags.get(c, 0) | DECOMPOSES
            elif parts != [c] and not self.has(c, REMOVED | WHITE) and c in uncased:
                self.decomposition[c] = parts
                self.flags[c] = self.flags.get(c, 0) | DECOMPOSES

    def read_lower(self, uncased):
        for c in code_points():
            if c in self.decomposition:
                mapped = [ord(x) for x in chr(c).lower()]
            else:
                kind, payload = uncased.get(c, ("", ""))
                mapped = [int(x, 16) for x in payload.split()] if kind == "M" and c not in HANGUL else [c]
            if mapped != [c]:
                self.lower[c] = mapped
                self.flags[c] = self.flags.get(c, 0) | (EXPANDS if len(mapped) > 1 else 0)

    def read_combining(self):
        newer = set()
        for part in OLD_COMBINING_EXCEPTIONS.split():
            first, _, last = part.partition("-")
            newer.update(range(int(first, 16), int(last or first, 16) + 1))
        for c in code_points():
            if unicodedata.combining(chr(c)) and c not in newer:
                self.combining[c] = unicodedata.combining(chr(c))
        # U+0F73 and its like are starters by themselves, but their decomposition begins with a mark.
        for c, parts in self.decomposition.items():
            self.combining[c] = self.combining.get(parts[0], 0)

    # The reference's normaliser, for the check only.
    def normalise(self, text, uncased):
        kept = [0x20 if self.has(c, WHITE) else c for c in text if not self.has(c, REMOVED)]
        kept = [x for c in kept for x in ([0x20, c, 0x20] if self.has(c, CJK) else [c])]
        if not uncased:
            return kept
        kept = [x for c in kept for x in (python_nfd(c) if c in HANGUL else self.decomposition.get(c, [c]))]
        kept = [c for c in kept if not self.has(c, MARK)]
        return [x for c in kept for x in self.lower.get(c, [c])]

    def words(self, normalised):
        words = [[]]
        for c in normalised:
            if c == 0x20:
                words.append([])
            elif self.has(c, PUNCTUATION):
                words += [[c], []]
            else:
                words[-1].append(c)
        return [w for w in words if w]


def expected(c, kind, payload):
    """(normalised, words) that a row of codepoints_*.tsv stands for."""
    a, b = 0x61, 0x62
    if kind == "X":
        normalised, *words = payload.split("|")
        return [int(x, 16) for x in normalised.split()], [[int(x, 16) for x in word.split()] for word in words]
    middle = [int(x, 16) for x in payload.split()]
    return {
        "": ([a, c, b], [[a, c, b]]), "D": ([a, b], [[a, b]]), "S": ([a, 0x20, b], [[a], [b]]),
        "C": ([a, 0x20, c, 0x20, b], [[a], [c], [b]]), "P": ([a, c, b], [[a], [c], [b]]),
        "M": ([a, *middle, b], [[a, *middle, b]]),
    }[kind]


def check(tables, probes, shapes):
    for uncased, rows in ((True, probes[0]), (False, probes[1])):
        for c in code_points():
            want = expected(c, *rows.get(c, ("", "")))
            normalised = tables.normalise([0x61, c, 0x62], uncased)
            if (normalised, tables.words(normalised)) != want:
                sys.exit(f"U+{c:04X} {'uncased' if uncased else 'cased'}: {normalised} instead of {want}")
    for c in code_points():
        if shapes.get(c) == "U" and c not in tables.lower:
            sys.exit(f"U+{c:04X}: upper case in word_shape.tsv but without a lower case")


def rows_of(items, per_row):
    items = list(items)
    return "\n".join("".join(items[i:i + per_row]) for i in range(0, len(items), per_row))


def emit(tables):
    def record(c):
        lower = tables.lower.get(c, [c])
        return (lower[0] - c, tables.flags.get(c, 0), tables.combining.get(c, 0))

    records, runs = {}, []
    for c in range(LIMIT):
        index = records.setdefault(record(c), len(records))
        if not runs or runs[-1][1] != index:
            runs.append((c, index))
    assert len(records) <= 256
    expanding = [c for c, mapped in tables.lower.items() if len(mapped) > 1]
    assert expanding == [0x130] and tables.lower[0x130] == [0x69, 0x307], "the code knows one expanding lower case"
    print("// Made by tools/gen_unicode_tables.py from probes of the reference library; do not edit.")
    print(f"// Distinct records: {{lower-case delta, char_flag bits, combining class}}.\n"
          f"constexpr char_record records[{len(records)}] = {{")
    print(rows_of((f"{{{d}, {f}, {k}}}, " for d, f, k in records), 8))
    print(f"}};\n// {{first code point, index of its record}}; a run ends where the next begins.\n"
          f"constexpr char_run runs[{len(runs)}] = {{")
    print(rows_of((f"{{0x{c:X},{i}}}," for c, i in runs), 12))
    parts = sorted(tables.decomposition.items())
    print(f"}};\n// Full canonical decompositions without Hangul: {{code point, 1 to 4 parts, zero-filled}}, ascending.\n"
          f"constexpr char_parts decompositions[{len(parts)}] = {{")
    assert max(len(p) for _, p in parts) <= 4
    print(rows_of(("{0x%X,{%s}}," % (c, ",".join(f"0x{x:X}" for x in p)) for c, p in parts), 5))
    print("};")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if unicodedata.unidata_version != UNICODE_OF_PYTHON:
        sys.exit(f"needs a Python with Unicode {UNICODE_OF_PYTHON} (3.11), this one has {unicodedata.unidata_version}")
    golden, model = Path(sys.argv[1]), Path(sys.argv[2])
    probes = [read_probes(golden / f"codepoints_{name}.tsv") for name in ("uncased", "cased")]
    shapes = read_shapes(model / "word_shape.tsv")
    tables = Tables(*probes, shapes)
    check(tables, probes, shapes)
    emit(tables)


main()

#!/usr/bin/env python3
"""Copies a model folder of troupe into one that other engines read alike.

plain_model.py MODEL COPY: weights as float32, a tokenizer.json beside vocab.txt, and no word-shape token types, which
others do not know. Needs numpy, safetensors and tokenizers, so it runs in the rivals' Python.
"""

import json
import pathlib
import shutil
import sys

import numpy
from safetensors.numpy import load_file, save_file
from tokenizers import BertWordPieceTokenizer


def main(source: pathlib.Path, copy: pathlib.Path) -> None:
    copy.mkdir(parents=True, exist_ok=True)
    weights = load_file(source / "model.safetensors")
    save_file({name: each.astype(numpy.float32) for name, each in weights.items()}, copy / "model.safetensors", {"format": "pt"})
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    config.pop("token_types", None)
    config["dtype"] = "float32"
    # The default, which newer writers of BERT folders leave out and CTranslate2's converter asks for.
    config.setdefault("position_embedding_type", "absolute")
    (copy / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(source / name, copy)
    lower = json.loads((source / "tokenizer_config.json").read_text(encoding="utf-8"))["do_lower_case"]
    BertWordPieceTokenizer(str(source / "vocab.txt"), lowercase=lower).save(str(copy / "tokenizer.json"))


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))

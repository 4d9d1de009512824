"""A made-up token classifier, small enough to read megabytes a second: one layer of 16, random from a seed."""

import json
import pathlib
import random
import struct

WORDS = ["the", "report", "of", "committee", "was", "read", "in", "town", "by", "members", "and", "nobody", "asked", "why",
         "spring", "came", "late", "river", "stood", "high", "mill", "closed", "early", "again"]
NAMES = ["anna", "jonas", "priya", "oscar", "helena", "geneva", "oslo", "lima"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LABELS = ["O", "B-PER", "I-PER"]
HIDDEN, INNER, POSITIONS = 16, 32, 128


def shapes(vocabulary: int) -> dict:
    found = {"bert.embeddings.word_embeddings.weight": [vocabulary, HIDDEN],
             "bert.embeddings.position_embeddings.weight": [POSITIONS, HIDDEN],
             "bert.embeddings.token_type_embeddings.weight": [2, HIDDEN],
             "classifier.weight": [len(LABELS), HIDDEN], "classifier.bias": [len(LABELS)]}
    layer = "bert.encoder.layer.0."
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
        found |= {f"{layer}{part}.weight": [HIDDEN, HIDDEN], f"{layer}{part}.bias": [HIDDEN]}
    found |= {f"{layer}intermediate.dense.weight": [INNER, HIDDEN], f"{layer}intermediate.dense.bias": [INNER],
              f"{layer}output.dense.weight": [HIDDEN, INNER], f"{layer}output.dense.bias": [HIDDEN]}
    for norm in ("bert.embeddings", layer + "attention.output", layer + "output"):
        found |= {f"{norm}.LayerNorm.weight": [HIDDEN], f"{norm}.LayerNorm.bias": [HIDDEN]}
    return found


def values(name: str, count: int, source: random.Random) -> list:
    if name == "classifier.bias":
        return [6.0, 0.0, 0.0]  # few entities, as in a real text
    middle = 1.0 if name.endswith("LayerNorm.weight") else 0.0
    return [middle + source.uniform(-0.5, 0.5) for _ in range(count)]


def write_model(folder: pathlib.Path, seed: int = 20261124) -> pathlib.Path:
    """Writes config.json, vocab.txt, tokenizer_config.json and model.safetensors, and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = SPECIAL + list(".,!?-") + WORDS + NAMES
    source, header, data = random.Random(seed), {}, b""
    for name, shape in shapes(len(vocabulary)).items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        begin, data = len(data), data + struct.pack(f"<{count}f", *values(name, count, source))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "model_max_length": POSITIONS}))
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["BertForTokenClassification"], "model_type": "bert", "vocab_size": len(vocabulary),
        "hidden_size": HIDDEN, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": INNER,
        "hidden_act": "gelu", "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
        "id2label": {str(i): label for i, label in enumerate(LABELS)}}))
    return folder


def write_text(path: pathlib.Path, size: int, seed: int = 7) -> pathlib.Path:
    """Writes about `size` bytes of lines of the model's words, no two alike but by chance, and returns the path."""
    source = random.Random(seed)
    with path.open("w") as out:
        left = size
        while left > 0:
            words = source.choices(WORDS, k=source.randrange(4, 16))
            words[0] = source.choice(NAMES).capitalize()
            left -= out.write(" ".join(words) + ".\n")
    return path

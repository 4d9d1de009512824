#!/usr/bin/env python3
"""Makes the small encoder goldens of tests/golden/encoder: random BERT token classifiers and what they compute.

For each model a folder with config.json, weights.spec.json and expected.safetensors, in the format of the large
reference set that TROUPE_GOLDEN may name. Everything is computed in float64 with numpy from the definition of BERT,
independently of the C++ code, and stored as float32. Deterministic; run it again after changing MODELS.

weights.spec.json describes the weights instead of storing them. Element i (row-major) of tensor t:
  key = fnv1a64(name) XOR seed                       (64-bit)
  z   = key + (i + 1) * 0x9E3779B97F4A7C15           (mod 2^64)
  z   = (z XOR z>>30) * 0xBF58476D1CE4E5B9 ; z = (z XOR z>>27) * 0x94D049BB133111EB ; z = z XOR z>>31
  v   = float32(((z >> 40) - 2^23) * 2^-23)          (exact, in [-1, 1))
  w   = float32(base + float32(v * float32(amp)))    (two float32 roundings)
The file is written with the header of json.dumps(separators=(",", ":")), padded with spaces to 8 bytes.
"""
import hashlib
import json
import math
import struct
from pathlib import Path

import numpy as np

MODELS = {
    "h48": {
        "seed": 20261123,
        "config": {
            "architectures": ["BertForTokenClassification"],
            "model_type": "bert",
            "vocab_size": 61,
            "hidden_size": 48,
            "num_attention_heads": 4,
            "num_hidden_layers": 2,
            "intermediate_size": 75,
            "hidden_act": "gelu",
            "max_position_embeddings": 40,
            "type_vocab_size": 3,
            "layer_norm_eps": 1e-12,
            "id2label": {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC", "4": "I-LOC"},
        },
        "lengths": [1, 2, 7, 16, 17, 33, 40],
        "hidden_for": 4,
    },
}


def fnv1a64(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def make_tensor(spec, seed):
    count = math.prod(spec["shape"])
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits = mix(np.uint64(fnv1a64(spec["name"]) ^ seed) + steps) >> np.uint64(40)
    unit = (bits.astype(np.int64) - (1 << 23)).astype(np.float32) * np.float32(2.0**-23)
    scaled = unit * np.float32(spec["amp"])
    return (np.float32(spec["base"]) + scaled).astype(np.float32).reshape(spec["shape"])


def tensor_specs(config):
    """Names, shapes and sizes of all weights; matrices get unit gain, so that errors neither vanish nor explode."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    specs = []

    def add(name, shape, amp, base=0.0):
        specs.append({"name": name, "shape": shape, "base": base, "amp": float(np.float32(amp))})

    def dense(name, outputs, inputs):
        add(name + ".weight", [outputs, inputs], math.sqrt(3.0 / inputs) * 1.2)
        add(name + ".bias", [outputs], 0.17)

    def norm(name):
        add(name + ".weight", [hidden], 0.4, base=1.0)
        add(name + ".bias", [hidden], 0.25)

    add("bert.embeddings.word_embeddings.weight", [config["vocab_size"], hidden], 0.8)
    add("bert.embeddings.position_embeddings.weight", [config["max_position_embeddings"], hidden], 0.35)
    add("bert.embeddings.token_type_embeddings.weight", [config["type_vocab_size"], hidden], 0.35)
    norm("bert.embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        at = f"bert.encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            dense(at + "attention.self." + part, hidden, hidden)
        dense(at + "attention.output.dense", hidden, hidden)
        norm(at + "attention.output.LayerNorm")
        dense(at + "intermediate.dense", inner, hidden)
        dense(at + "output.dense", hidden, inner)
        norm(at + "output.LayerNorm")
    dense("classifier", len(config["id2label"]), hidden)
    return specs


class Encoder:
    """BERT in float64, one sequence at a time."""

    def __init__(self, config, weights):
        self.config = config
        self.weights = {name: value.astype(np.float64) for name, value in weights.items()}

    def dense(self, name, x):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, name, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred**2).mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt(variance + self.config["layer_norm_eps"])
        return scaled * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def attention(self, at, x):
        heads = self.config["num_attention_heads"]
        split = lambda part: self.dense(at + part, x).reshape(len(x), heads, -1).transpose(1, 0, 2)
        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = powers / powers.sum(axis=-1, keepdims=True) @ value
        return mixed.transpose(1, 0, 2).reshape(len(x), -1)

    def layer(self, index, x):
        at = f"bert.encoder.layer.{index}."
        context = self.dense(at + "attention.output.dense", self.attention(at + "attention.self.", x))
        x = self.norm(at + "attention.output.LayerNorm", x + context)
        inner = self.dense(at + "intermediate.dense", x)
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        return self.norm(at + "output.LayerNorm", x + self.dense(at + "output.dense", inner))

    def run(self, ids, type_ids):
        """All hidden states, and the logits."""
        at = "bert.embeddings."
        x = self.weights[at + "word_embeddings.weight"][ids]
        x = x + self.weights[at + "position_embeddings.weight"][: len(ids)]
        x = x + self.weights[at + "token_type_embeddings.weight"][type_ids]
        states = [self.norm(at + "LayerNorm", x)]
        for index in range(self.config["num_hidden_layers"]):
            states.append(self.layer(index, states[-1]))
        return states, self.dense("classifier", states[-1])


def safetensors_bytes(tensors):
    header, offset = {}, 0
    for name, value in tensors.items():
        dtype = {"float32": "F32", "int32": "I32"}[str(value.dtype)]
        header[name] = {
            "dtype": dtype,
            "shape": list(value.shape),
            "data_offsets": [offset, offset + value.nbytes],
        }
        offset += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for v in tensors.values())


def expected_tensors(model, encoder):
    config, out = model["config"], {}
    random = np.random.Generator(np.random.PCG64(model["seed"]))
    for number, length in enumerate(model["lengths"]):
        ids = random.integers(0, config["vocab_size"], length).astype(np.int32)
        type_ids = random.integers(0, config["type_vocab_size"], length).astype(np.int32)
        states, logits = encoder.run(ids, type_ids)
        out[f"{number:03}.ids"], out[f"{number:03}.type_ids"] = ids, type_ids
        out[f"{number:03}.logits"] = logits.astype(np.float32)
        if number == model["hidden_for"]:
            for layer, state in enumerate(states):
                out[f"{number:03}.hidden.{layer}"] = state.astype(np.float32)
    return out


def make(name, model):
    folder = Path(__file__).parent / "encoder" / name
    folder.mkdir(parents=True, exist_ok=True)
    specs = tensor_specs(model["config"])
    with np.errstate(over="ignore"):
        weights = {spec["name"]: make_tensor(spec, model["seed"]) for spec in specs}
    digest = hashlib.sha256(safetensors_bytes(weights)).hexdigest()
    spec = {"seed": model["seed"], "sha256": digest, "tensors": specs}
    (folder / "config.json").write_text(json.dumps(model["config"], indent=1) + "\n")
    (folder / "weights.spec.json").write_text(json.dumps(spec, indent=1) + "\n")
    expected = expected_tensors(model, Encoder(model["config"], weights))
    (folder / "expected.safetensors").write_bytes(safetensors_bytes(expected))


if __name__ == "__main__":
    for model_name, description in MODELS.items():
        make(model_name, description)

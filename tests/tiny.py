"""A small suite and its data."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import yaml

WORDS = {
    "fruit": ["apple", "pear", "plum", "cherry", "grape", "melon"],
    "metal": ["iron", "copper", "zinc", "silver", "tin", "lead"],
    "metal alloy": ["brass", "bronze", "steel", "pewter", "solder", "invar"],
}
FILLER = ["the", "a", "of", "very", "old", "new", "red", "and", "with", "some"]
ROWS = 120


def sentences(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Rows whose words tell their class; two rows a group."""
    rng = random.Random(seed)
    table = []
    for i in range(rows):
        label = list(WORDS)[i // 2 % len(WORDS)]
        words = rng.sample(WORDS[label], 2) + rng.sample(FILLER, 4)
        rng.shuffle(words)
        table.append({"text": " ".join([*words, f"n{i}"]), "label": label, "group": f"g{i // 2}",
                      "source": "odd" if i % 3 else "even"})
    return pd.DataFrame(table)


def suite_dict(encoder_folder: Path, decoder_folder: Path) -> dict:
    """A small suite over the tiny models."""
    return {
        "name": "tiny", "title": "Tiny things",
        "task": {
            "source": {"file": "data.csv"},
            "reader": {"table": {"text": "text", "label": "label", "group": "group",
                                 "slices": ["source"]}},
            "labels": {name: [name] for name in WORDS},
            "prompt": {"instruction": "Which kind? One of: {options}.",
                       "item": "Text: {text}\nKind:"},
        },
        "embedder": {"file": str(encoder_folder)},
        "methods": ["majority", "tfidf"],
        "backbones": {
            "enc": {"kind": "encoder", "source": {"file": str(encoder_folder)},
                    "methods": ["knn", "features", "full"]},
            "dec": {"kind": "decoder", "source": {"file": str(decoder_folder)},
                    "methods": ["zero-shot", "lora", "rag+lora"],
                    "budget": {"seeds": 1, "test": 12}},
        },
        "budget": {"train": 24, "validation": 12, "test": 18, "epochs": 1, "steps": 1, "batch": 8,
                   "max_length": 32, "trials": 2, "seeds": 2},
        "measure": {"latency": {"requests": 3, "warmup": 1, "batch": 4, "batches": 1}},
    }


def on_tiny_models(suite: Path, encoder_folder: Path) -> None:
    """The suite that `harness init` wrote, with word counts and a tiny encoder alone."""
    value = yaml.safe_load(suite.read_text())
    small = suite_dict(encoder_folder, encoder_folder)
    value = {name: value[name] for name in ("name", "title", "task")}
    value |= {"methods": ["tfidf"], "measure": small["measure"],
              "budget": small["budget"] | {"seeds": 1},
              "backbones": {"enc": small["backbones"]["enc"] | {"methods": ["knn"]}}}
    suite.write_text(yaml.safe_dump(value, sort_keys=False))

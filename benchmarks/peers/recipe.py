"""One recipe, run on a file of items: `python -m benchmarks.peers.recipe NAME FILE --seed 0`."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers import adapter, contrastive, linear, pictures, plain_loop
from benchmarks.peers.answered import Answered
from benchmarks.peers.data import Data, read_data
from harness.common.kinds import BackboneKind


@dataclass(frozen=True)
class Recipe:
    """What a competent practitioner would run for a family, and the harness's method for it."""

    says: str
    method: str
    answer: Callable[[Data, int], np.ndarray]
    """The class of each test item, of data and seed."""
    kind: BackboneKind = "encoder"
    """Of the backbone that it tunes."""
    random: bool = True
    """Whether the seed plays a part."""


RECIPES = {
    "tfidf": Recipe("scikit-learn: TF-IDF, logistic regression, C by cross-validation", "tfidf",
                    linear.tfidf, random=False),
    "embeddings": Recipe("sentence-transformers: embeddings, logistic regression, C by "
                         "cross-validation", "features", linear.embeddings, random=False),
    "loop-first": Recipe("torch loop, 12 epochs (5 of 2,000 items), first token", "full",
                         plain_loop.first_token),
    "loop-mean": Recipe("torch loop, 12 epochs (5 of 2,000 items), mean pooling", "full",
                        plain_loop.mean_pooled),
    "setfit": Recipe("sentence-transformers: pairs, CosineSimilarityLoss, logistic regression",
                     "setfit", contrastive.setfit),
    "lora": Recipe("PEFT LoRA, Trainer, 20 epochs (8 of 2,000 items)", "lora", adapter.lora),
    "pixels": Recipe("scikit-learn: pixels at 32 × 32, logistic regression, C by cross-validation",
                     "pixels", pictures.raw, "image", random=False),
    "picture-features": Recipe("transformers: class token and mean of patches, logistic "
                               "regression, C by cross-validation", "features", pictures.frozen,
                               "image", random=False),
    "picture-full": Recipe("Trainer, 12 epochs (5 of 500 items), its default rate", "full",
                           pictures.full, "image"),
    "picture-lora": Recipe("PEFT LoRA, Trainer, 12 epochs (5 of 500 items)", "lora",
                           pictures.lora, "image"),
}


def run(name: str, data: Data, seed: int) -> Answered:
    """Seconds from nothing loaded, imports not counted, to the last answer."""
    start = time.perf_counter()
    predicted = RECIPES[name].answer(data, seed)
    return Answered(time.perf_counter() - start, predicted)


def main() -> None:
    """Run it and print seconds and answers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = run(options.name, read_data(options.file), options.seed)
    print(json.dumps({"seconds": found.seconds, "predicted": found.predicted.tolist()}))


if __name__ == "__main__":
    main()

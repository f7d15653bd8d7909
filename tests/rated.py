"""A small suite whose texts have a number each, told by their words."""

import random

import pandas as pd
from tiny import FILLER, suite_dict

WORTH = {"superb": 3.0, "good": 2.0, "fair": 1.0, "poor": -1.0, "bad": -2.0, "awful": -3.0}


def rated(rows=160, seed=0):
    """Rows with two words that are worth something; the number is what both are, and some noise.
    Two rows a group."""
    rng, table = random.Random(seed), []
    for i in range(rows):
        said = rng.choices(list(WORTH), k=2)
        words = [*said, *rng.sample(FILLER, 4)]
        rng.shuffle(words)
        value = 20 + sum(map(WORTH.get, said)) + rng.gauss(0, 0.2)
        table.append({"text": " ".join([*words, f"n{i}"]), "label": f"{value:.2f}",
                      "group": f"g{i // 2}", "source": "odd" if i % 3 else "even"})
    return pd.DataFrame(table)


def rated_dict(encoder_folder, decoder_folder):
    suite = suite_dict(encoder_folder, decoder_folder)
    suite["task"] |= {"kind": "regression", "answer_tokens": 8,
                      "prompt": {"instruction": "Rate it with a number.",
                                 "item": "Text: {text}\nRating:"}}
    suite["task"].pop("labels", None)
    suite["task"].pop("options", None)
    suite["decide"] = {"metric": "r2"}
    return suite

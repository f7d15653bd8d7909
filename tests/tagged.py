"""A small suite whose texts have any number of classes, told by their words."""

import random

import pandas as pd
from tiny import FILLER, WORDS, suite_dict

SETS = ([], ["fruit"], ["metal"], ["fruit", "metal"], ["metal alloy"], ["fruit", "metal alloy"])


def tagged(rows=150, seed=0):
    """Rows with two words of each of their classes; two rows a group."""
    rng, table = random.Random(seed), []
    for i in range(rows):
        has = SETS[i // 2 % len(SETS)]
        words = [word for label in has for word in rng.sample(WORDS[label], 2)]
        words += rng.sample(FILLER, 4)
        rng.shuffle(words)
        table.append({"text": " ".join([*words, f"n{i}"]), "label": "; ".join(has),
                      "group": f"g{i // 2}", "source": "odd" if i % 3 else "even"})
    return pd.DataFrame(table)


def tagged_dict(encoder_folder, decoder_folder):
    suite = suite_dict(encoder_folder, decoder_folder)
    suite["task"]["kind"] = "multilabel"
    suite["task"]["reader"]["table"]["separator"] = ";"
    suite["task"]["prompt"] = {"instruction": "Which apply: {options}? Say yes or no to each.",
                               "item": "Text: {text}\nAnswer:"}
    suite["decide"] = {"metric": "micro_f1"}
    return suite

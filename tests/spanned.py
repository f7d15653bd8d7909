"""A small suite whose texts have phrases of two classes, told by their words."""

import json
import random

import pandas as pd
from tiny import FILLER, suite_dict

PHRASES = {"fruit": ["apple", "green pear", "plum", "cherry"],
           "metal": ["iron", "cold copper", "zinc", "silver"]}


def spanned(rows=120, seed=0):
    """Rows with up to two phrases, each a list of start, end and class; two rows a group."""
    rng, table = random.Random(seed), []
    for i in range(rows):
        has = [rng.choice(list(PHRASES)) for _ in range(i // 2 % 3)]
        parts = [(rng.choice(PHRASES[label]), label) for label in has]
        parts += [(word, None) for word in rng.sample(FILLER, 4)]
        rng.shuffle(parts)
        text, spans = "", []
        for words, label in [*parts, (f"n{i}.", None)]:
            text += " " * bool(text)
            if label is not None:
                spans.append([len(text), len(text) + len(words), label])
            text += words
        table.append({"text": text, "label": json.dumps(spans), "group": f"g{i // 2}",
                      "source": "odd" if i % 3 else "even"})
    return pd.DataFrame(table)


def spanned_dict(encoder_folder, decoder_folder):
    suite = suite_dict(encoder_folder, decoder_folder)
    suite["task"] |= {"kind": "spans", "answer_tokens": 24, "labels": {"fruit": ["fruit"],
                                                                       "metal": ["metal"]},
                      "prompt": {"instruction": "Which words are of these classes: {options}?",
                                 "item": "Text: {text}\nAnswer:"}}
    suite["task"].pop("options", None)
    suite["decide"] = {"metric": "micro_f1"}
    return suite

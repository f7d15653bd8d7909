"""Tiny articles with summaries, and a suite of them without a corpus, for tests."""

import pandas as pd
from tiny import suite_dict


def articles(summary="Rain fell on {} towns in the north of the country on day {}.", count=60):
    """`summary` has places for two numbers."""
    return pd.DataFrame([{
        "article": f"Number {i} of many. " + f"It rained in town {i} for {i} hours. " * (2 + i % 7),
        "summary": summary.format(i, i), "desk": f"d{i % 20}"} for i in range(count)])


def summaries_dict(encoder, decoder):
    """A suite of `data.csv`."""
    suite = suite_dict(encoder, decoder) | {
        "name": "summaries", "methods": ["majority", "lead"], "decide": {"metric": "rouge_l"},
        "task": {"kind": "generation", "source": {"file": "data.csv"},
                 "reader": {"questions": {"text": "article", "answers": "summary"}},
                 "prompt": {"instruction": "Sum it up.", "item": "Text: {text}\nSummary:"},
                 "split": {"validation": 0.2, "test": 0.3}, "answer_tokens": 24,
                 "answer_lines": "all"}}
    suite["backbones"]["enc"]["methods"] = ["knn"]
    suite["backbones"]["dec"] |= {"methods": ["zero-shot", {"rag": {"tokens": 100}}, "lora"],
                                  "budget": {}}
    suite["budget"] |= {"train": 24, "validation": 6, "test": 16, "seeds": 1, "max_length": 48}
    return suite

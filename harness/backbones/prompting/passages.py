"""Passages of plain text under a decoder, by the function that scores its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from harness.backbones.batches import PASS_TOKENS, Cut, passes
from harness.backbones.load import Loaded
from harness.backbones.prompting.options import option_tree
from harness.backbones.prompting.score import Prefix, read_prefix, score_options
from harness.common.device import Device

ROWS = 16
SHORTEST = 2
"""Tokens of a passage: the first is given, and one that follows is said."""


def passage_tokens(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], window: int
                   ) -> list[list[int]]:
    """The tokens of each text that has two or more, without any that a tokenizer adds; at most a
    window of them."""
    found = tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
    return [ids[:window] for ids in found if len(ids) >= SHORTEST]


def passage_scores(model: Any, prefix: Prefix, passages: Sequence[Sequence[int]], padding: int
                   ) -> list[torch.Tensor]:
    """log p in nats of each passage from its second token on, given the first: fp32 scalars."""
    found = score_options(model, prefix, [ids[:1] for ids in passages],
                          [option_tree([ids[1:]]) for ids in passages], padding)
    return [scores[0] for scores in found]


def nats_a_token(loaded: Loaded, device: Device, texts: Sequence[str]) -> float:
    """Cross-entropy of a model on texts, in nats a token, each from its second token on: what the
    drift of forgetting is a difference of."""
    model = loaded.model.eval()
    passages = passage_tokens(loaded.tokenizer, texts, loaded.window)
    lengths, total = [len(ids) for ids in passages], 0.0
    with torch.inference_mode(), device.autocast_context():
        prefix = read_prefix(model, [])
        for part in passes(range(len(passages)), lengths, Cut(ROWS, PASS_TOKENS[device.type])):
            scores = passage_scores(model, prefix, [passages[i] for i in part],
                                    loaded.tokenizer.pad_token_id)
            total -= float(torch.stack(scores).double().sum())
    return total / sum(length - 1 for length in lengths)

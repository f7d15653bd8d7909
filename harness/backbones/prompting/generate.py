"""Greedy decoding behind a shared prefix.

A batch is written in stages, and rows whose answers have ended leave it between them: what is
written for the others does not wait for rows of padding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from harness.backbones.batches import by_length, of_one_length
from harness.backbones.keys_and_values import given, kept_in_writing, kept_of
from harness.backbones.prompting.score import Prefix
from harness.backbones.prompting.seq2seq import padded
from harness.backbones.prompting.stops import Stops
from harness.backbones.traits import is_seq2seq, prompt_learner

PLAINLY = {"do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None,
           "repetition_penalty": 1.0, "no_repeat_ngram_size": 0, "encoder_no_repeat_ngram_size": 0,
           "min_length": 0, "min_new_tokens": None, "forced_eos_token_id": None}
"""The likeliest token each time, whatever habits of generation a checkpoint comes with."""
STAGE = 16
"""Tokens that are written before rows that have ended leave a batch."""


def greedy(model: Any, prefix: Prefix, items: Sequence[Sequence[int]], most: int, padding: int,
           ends: Sequence[int], stops: Stops | None = None) -> list[list[int]]:
    """The likeliest continuation of `prefix + item` for each item, at most `most` tokens.

    `items` holds each prompt's own tokens (at least one). Any of the end tokens closes an answer
    and is left out; a text of `stops` closes it, too, and is left in, with padding behind it. Rows
    are padded on the left, behind the prefix, and the padding is masked; those of a
    sequence-to-sequence model on the right. Only rows of one length share a batch where padding
    would put the prefix beyond a sliding window.
    """
    device = next(model.parameters()).device
    items = [[*prefix.again, *item] for item in items]
    if is_seq2seq(model):
        ids, mask = padded(items, padding)
        written = model.generate(input_ids=ids.to(device), attention_mask=mask.to(device),
                                 max_new_tokens=most, pad_token_id=padding,
                                 **_ending(ends, stops, 1), **PLAINLY)
        return [_until(row, ends) for row in written[:, 1:].tolist()]
    lengths = list(map(len, items))
    batches = by_length(lengths, len(items))
    if prefix.length and prefix.length + max(lengths) + most > _window(model):
        # A window counts places: padding would push the prefix out of it.
        batches = of_one_length(batches, lengths)
    found: dict[int, list[int]] = {}
    for rows in batches:
        found.update(zip(rows, _behind(model, prefix, [items[i] for i in rows], most, padding, ends,
                                       stops), strict=True))
    return [found[row] for row in range(len(items))]


def _behind(model: Any, prefix: Prefix, items: Sequence[Sequence[int]], most: int, padding: int,
            ends: Sequence[int], stops: Stops | None) -> list[list[int]]:
    """`greedy` of one batch."""
    device = next(model.parameters()).device
    width = max(map(len, items))
    ids = torch.full((len(items), width), padding, dtype=torch.long)
    mask = torch.zeros((len(items), width), dtype=torch.long)
    for row, item in enumerate(items):
        ids[row, width - len(item):] = torch.tensor(item)
        mask[row, width - len(item):] = 1
    shared = torch.ones((len(items), prefix.length), dtype=torch.long)
    base = model.get_base_model() if prompt_learner(model) else model
    # The prefix's own tokens are never read again, only counted.
    ids = torch.cat([shared * padding, ids], dim=1).to(device)
    mask = torch.cat([shared, mask], dim=1).to(device)
    kept = prefix.for_batch(len(items)) if prefix.length else None
    begin = ids.shape[1]
    ending = {"pad_token_id": padding, **_ending(ends, stops, begin), **PLAINLY}
    stage = STAGE if most > STAGE and _keeps_rows_apart(base, ids) else most
    found: dict[int, list[int]] = {}
    rows = list(range(len(items)))
    for written in range(0, most, stage):
        out = base.generate(input_ids=ids, attention_mask=mask, **given(kept),
                            max_new_tokens=min(stage, most - written),
                            return_dict_in_generate=True, **ending)
        ids = out.sequences
        answers = ids[:, begin:].tolist()
        found.update((row, _until(answer, ends)) for row, answer in zip(rows, answers, strict=True))
        going = _going(ids, begin, ends, stops)
        if not going or written + stage >= most:
            break
        place = torch.tensor(going, device=device)
        kept = kept_in_writing(out)
        kept.batch_select_indices(place)
        mask = torch.nn.functional.pad(mask, (0, ids.shape[1] - mask.shape[1]), value=1)
        ids, mask, rows = ids[place], mask[place], [rows[i] for i in going]
    return [found[row] for row in range(len(items))]


def _going(ids: torch.Tensor, begin: int, ends: Sequence[int], stops: Stops | None) -> list[int]:
    """The rows of ids [rows, columns] whose answers, from a column on, have not ended."""
    ended = torch.isin(ids[:, begin:], torch.tensor(list(ends), device=ids.device)).any(dim=1)
    if stops is not None:
        ended |= stops.behind(begin).held(ids)
    return [row for row, has_ended in enumerate(ended.tolist()) if not has_ended]


def _keeps_rows_apart(model: Any, ids: torch.Tensor) -> bool:
    """Whether what a model keeps of tokens it has read is a row for each, of every token, from
    which rows can be taken out."""
    kept = kept_of(model(input_ids=ids[:1, -1:], use_cache=True, logits_to_keep=1))
    return type(kept) is DynamicCache and all(type(layer) is DynamicLayer for layer in kept.layers)


def _ending(ends: Sequence[int], stops: Stops | None, start: int) -> dict[str, Any]:
    """What tells `generate` where answers end that begin at a column."""
    criteria = {} if stops is None else {"stopping_criteria": [stops.behind(start)]}
    return {"eos_token_id": list(ends), **criteria}


def _window(model: Any) -> float:
    """Places that the layers with a sliding window see."""
    window = getattr(model.config.get_text_config(), "sliding_window", None)
    return math.inf if window is None else float(window)


def _until(tokens: list[int], ends: Sequence[int]) -> list[int]:
    return tokens[: next((i for i, token in enumerate(tokens) if token in ends), len(tokens))]

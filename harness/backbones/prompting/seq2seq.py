"""Answer options through a sequence-to-sequence model: the encoder reads, the decoder answers.

The options of a decoder-only model hang from the prompt's end as a tree; a decoder that works out
positions from the order of its tokens (T5, BART) cannot read a tree. Here each option is a row of
its own. The encoder reads each prompt once, and its keys and values lie under all of the prompt's
options: what is repeated is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from harness.backbones.keys_and_values import given, kept_of
from harness.backbones.prompting.options import OptionTree
from harness.backbones.traits import prompt_learner
from harness.common.errors import CannotRunError

POSITIONS = 1 << 14
"""Most positions of prompts that lie under options at once: their keys and values are copied."""


def read_options(model: Any, prompts: Sequence[Sequence[int]], trees: Sequence[OptionTree],
                 padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """One reading of each prompt, and of its options behind the decoder's start token.

    Returns logits [prompts, options * longest, vocabulary], where `longest` counts the tokens of
    an option and rows with fewer options are filled up, and the steps [prompts, edges, 2] of each
    tree as (position among those, token). Raises CannotRunError for a model without a start token.
    """
    most = max(len(tree.steps) for tree in trees)
    longest = max(len(taken) for tree in trees for taken in tree.steps)
    answers = torch.full((len(trees), most, longest), padding, dtype=torch.long)
    answers[..., 0] = start_token(model)
    steps = torch.zeros((len(trees), max(len(tree.edges) for tree in trees), 2), dtype=torch.long)
    for row, tree in enumerate(trees):
        for option, taken in enumerate(tree.steps):
            tokens = torch.tensor([tree.edges[edge][1] for edge in taken])
            answers[row, option, 1:len(taken)] = tokens[:-1]
            steps[row, taken, 0] = option * longest + torch.arange(len(taken))
            steps[row, taken, 1] = tokens
    device = next(model.parameters()).device
    ids, mask = (part.to(device) for part in padded(prompts, padding))
    logits = _logits(model, ids, mask, answers.to(device))
    return logits.flatten(1, 2), steps.to(device)


def start_token(model: Any) -> int:
    """What the decoder reads before its first answer token. Raises CannotRunError for none."""
    start = model.config.decoder_start_token_id
    if start is None:
        raise CannotRunError("the configuration has no decoder_start_token_id: the decoder does "
                             "not know where an answer begins")
    return int(start)


def padded(prompts: Sequence[Sequence[int]], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens and attention mask [prompts, longest], padded on the right: positions that are
    counted from the left stay what they are."""
    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), padding, dtype=torch.long)
    mask = torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.tensor(prompt)
        mask[row, : len(prompt)] = 1
    return ids, mask


def _logits(model: Any, ids: torch.Tensor, mask: torch.Tensor, answers: torch.Tensor
            ) -> torch.Tensor:
    """Logits [prompts, options, longest, vocabulary] of `answers` [prompts, options, longest].

    Padded answer tokens stand behind those that are scored, so that nothing sees them.
    """
    _, options, longest = answers.shape
    if options == 1:
        return _together(model, ids, mask, answers)
    each = max(1, POSITIONS // ids.numel())
    parts = answers.split(each, dim=1)
    if prompt_learner(model):
        # What PEFT puts before a prompt it puts before each row of a pass.
        return torch.cat([_together(model, ids, mask, part) for part in parts], dim=1)
    read = model(input_ids=ids, attention_mask=mask, decoder_input_ids=answers[:, 0, :1],
                 use_cache=True)
    first = read.logits[:, None].expand(-1, options, -1, -1)
    if longest == 1:
        return first
    rest = [_behind(model, read, mask, part[..., 1:]) for part in parts]
    return torch.cat([first, torch.cat(rest, dim=1)], dim=2)


def _together(model: Any, ids: torch.Tensor, mask: torch.Tensor, answers: torch.Tensor
              ) -> torch.Tensor:
    """Every option with a reading of the prompt of its own."""
    options = answers.shape[1]
    logits: torch.Tensor = model(
        input_ids=ids.repeat_interleave(options, dim=0),
        attention_mask=mask.repeat_interleave(options, dim=0),
        decoder_input_ids=answers.flatten(0, 1), use_cache=False).logits
    return logits.unflatten(0, answers.shape[:2])


def _behind(model: Any, read: Any, mask: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """Options behind the start token, on what was kept of reading it and the prompt."""
    options = answers.shape[1]
    cache = EncoderDecoderCache(*(
        DynamicCache([(layer.keys.repeat_interleave(options, dim=0),
                       layer.values.repeat_interleave(options, dim=0)) for layer in kept.layers])
        for kept in (kept_of(read).self_attention_cache, kept_of(read).cross_attention_cache)))
    states = read.encoder_last_hidden_state.repeat_interleave(options, dim=0)
    logits: torch.Tensor = model(
        encoder_outputs=BaseModelOutput(last_hidden_state=states),
        attention_mask=mask.repeat_interleave(options, dim=0),
        decoder_input_ids=answers.flatten(0, 1), use_cache=True, **given(cache)).logits
    return logits.unflatten(0, answers.shape[:2])

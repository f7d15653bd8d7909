"""What each part of a run reads: passes, positions and pairs, from the very items."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import reduce
from operator import add

from harness.backbones.batches import PASS_TOKENS, by_length, passes, shuffled
from harness.study.estimate.arithmetic import Arithmetic, Reading


def encoder_pass(rows: int, width: int, shapes: Arithmetic) -> Reading:
    """One pass over `rows` sequences padded to `width`."""
    wide = width + shapes.virtual_tokens
    keys = rows * (wide + shapes.virtual_keys)
    return Reading(1, rows * wide, rows, keys * wide, keys)


def head_pass(length: int, shapes: Arithmetic) -> Reading:
    """Reading what all prompts begin with, once."""
    long = length + shapes.virtual_tokens
    keys = long + shapes.virtual_keys
    return Reading(1, long, 1, keys * long, keys)


def decoder_pass(rows: int, width: int, outputs: int, head: int, shapes: Arithmetic) -> Reading:
    """One pass over `rows` items behind a head that is kept, with `outputs` scored positions each.
    """
    keys = rows * (head + shapes.virtual_tokens + shapes.virtual_keys + width)
    return Reading(1, rows * width, rows * outputs, keys * width, keys)


def learning_pass(rows: int, width: int, outputs: int, head: int, shapes: Arithmetic) -> Reading:
    """One pass of a decoder that learns: the head is read with the items, with gradients."""
    both = head_pass(head, shapes) + decoder_pass(rows, width, outputs, head, shapes)
    return dataclasses.replace(both, passes=1)


def together(readings: Sequence[Reading]) -> Reading:
    """Their sum."""
    return reduce(add, readings, Reading())


def inference_batches(lengths: Sequence[int], size: int) -> list[tuple[int, int]]:
    """(rows, width) of each batch in which items of these lengths are answered."""
    return [(len(batch), lengths[batch[0]]) for batch in by_length(lengths, size)]


def training_passes(lengths: Sequence[int], batch: int, shared: int, device: str
                    ) -> list[tuple[int, int]]:
    """(rows, width) of each pass of an epoch, cut as the training loop cuts them.

    The first epoch of seed 0: others draw other batches of the same items.
    """
    overhead = PASS_TOKENS[device] + shared
    return [(len(part), lengths[part[0]])
            for indices in shuffled(len(lengths), batch, "0:0")
            for part in passes(indices, lengths, batch, overhead)]

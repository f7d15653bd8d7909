"""States that enter the first block that learns, computed once for each token of each item.

Where only the last blocks learn and nothing below them changes, what the blocks below give for an
item is the same in every epoch. The first pass over an item keeps it; later ones begin with it.
Items are given to the model as slots, numbers of their tokens in a table, so that whatever batch
and order they come in, each position finds its token and its state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from harness.backbones.blocks import first_learning, transformer_blocks


def reading(states: KeptStates | None) -> AbstractContextManager[None]:
    """`states.reading()`, where there are any."""
    return nullcontext() if states is None else states.reading()


class KeptStates:
    """States of the tokens that `slots` was given, all of them before the first is read."""

    def __init__(self, model: Any, padding: int) -> None:
        """`padding` is the id that batches are padded with: it is no slot."""
        blocks = transformer_blocks(model)
        first = first_learning(blocks)
        self._below, self._entered = blocks[:first], blocks[first]
        self._embedding: nn.Embedding = model.get_input_embeddings()
        self._width = int(model.config.get_text_config().hidden_size)
        self._padding = padding
        self._tokens = [padding]
        self._ids: torch.Tensor | None = None
        self._beside: int | None = None
        self.forget()

    def slots(self, tokens: Sequence[int]) -> list[int]:
        """A slot for each of these tokens."""
        rows = range(len(self._tokens), len(self._tokens) + len(tokens))
        self._tokens += tokens
        return [row + (row >= self._padding) for row in rows]

    @property
    def bytes(self) -> float:
        """What the table takes in fp32."""
        return 4.0 * len(self._tokens) * self._width

    @property
    def known(self) -> torch.Tensor:
        """Which rows are there, [1 + tokens] bool, the first padding's. Raises RuntimeError where
        nothing was read."""
        return self._whole.known

    def at(self, rows: torch.Tensor) -> torch.Tensor:
        """A copy of the states of these rows, [rows, width]."""
        return self._whole.states[rows]

    @property
    def _whole(self) -> _Table:
        if self._table is None:
            raise RuntimeError("nothing entered the first block that learns")
        return self._table

    def forget(self) -> None:
        """Compute all of them anew."""
        self._table: _Table | None = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within, the model reads slots for tokens. Where it has the states of a whole batch, it
        begins with them: the blocks below hand on what they are given."""
        hooks = [self._embedding.register_forward_pre_hook(self._look_up),
                 self._entered.register_forward_pre_hook(self._enter)]
        for block in self._below:
            block.forward = partial(self._pass, block.forward)
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
            for block in self._below:
                del block.forward

    def _look_up(self, embedding: nn.Module, given: tuple[torch.Tensor, ...]) -> torch.Tensor:
        slots = given[0]
        self._rows = torch.where(slots == self._padding, 0, slots - (slots > self._padding).long())
        if self._ids is None:
            with torch.inference_mode(False):
                self._ids = torch.tensor(self._tokens, device=slots.device)
        self._begun = self._table is not None and bool(self._table.known[self._rows].all())
        return self._ids[self._rows]

    def _pass(self, whole: Callable[..., Any], hidden: torch.Tensor, *rest: Any, **more: Any
              ) -> Any:
        if self._begun:
            return hidden if self._beside is None else (hidden, *[None] * self._beside)
        given = whole(hidden, *rest, **more)
        # Some blocks answer in a tuple, which their caller takes apart.
        self._beside = len(given) - 1 if isinstance(given, tuple) else None
        return given

    def _enter(self, block: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden, *rest = given
        if self._table is None:
            self._table = _table(len(self._tokens), hidden)
        if self._begun:
            return self._table.states[self._rows], *rest
        self._table.states[self._rows] = hidden.detach()
        self._table.states[0] = 0.0  # padding counts nothing, but nothing times NaN is NaN
        self._table.known[self._rows] = True
        return given


@dataclass(frozen=True)
class _Table:
    """By row: the state, [rows, width], and whether it is there."""

    states: torch.Tensor
    known: torch.Tensor


def _table(rows: int, like: torch.Tensor) -> _Table:
    # A tensor that inference mode makes could not be used when gradients are wanted.
    with torch.inference_mode(False):
        known = torch.zeros(rows, dtype=torch.bool, device=like.device)
        known[0] = True
        return _Table(torch.zeros(rows, like.shape[-1], dtype=like.dtype, device=like.device),
                      known)

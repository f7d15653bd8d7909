"""Which texts are longer than what the approved model reads of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.backbones.encoding.encode import share_cut
from harness.backbones.handle import Handle
from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.writers import WRITERS, writer_for
from harness.suite import Budget
from harness.tasks.cut import cut_items, words_of
from harness.tasks.examples import Item
from harness.tasks.task import Task


def beyond(items: Sequence[Item], task: Task, budget: Budget, backbone: Handle | None
           ) -> np.ndarray | None:
    """[items] bool: more words than are read, or, of what is left, more tokens; None where all of
    every text is read."""
    words = budget.words
    if words is None and backbone is None:
        return None
    found = np.zeros(len(items), dtype=bool)
    if words is not None:
        found |= np.array([words_of(item) > words.most for item in items])
        items = cut_items(tuple(items), words)
    return found if backbone is None else found | _tokens(items, task, backbone, budget.max_length)


def _tokens(items: Sequence[Item], task: Task, backbone: Handle, most: int) -> np.ndarray:
    if backbone.reader is not None:
        return np.zeros(len(items), dtype=bool)
    tokenizer = load_tokenizer(backbone)
    if backbone.kind in WRITERS:
        writer = writer_for(backbone.kind, tokenizer, task, most)
        return np.array(writer.cut(items), dtype=bool)
    return np.array([share_cut(tokenizer, [item], most) > 0 for item in items])

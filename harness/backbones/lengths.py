"""How many texts a backbone cannot read to the end."""

from __future__ import annotations

from collections.abc import Sequence

from harness.backbones.encoding.encode import share_cut
from harness.backbones.handle import Handle
from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.writers import writer_for
from harness.common.capabilities import reads_words
from harness.tasks.examples import Item
from harness.tasks.view import TaskView


def share_too_long(handle: Handle, task: TaskView, items: Sequence[Item], max_length: int
                   ) -> float:
    """Share of the items whose own texts are longer than `max_length` tokens; 0 for none, and where
    no tokens are told."""
    if not items or handle.reader is not None or not reads_words(handle.kind):
        return 0.0
    tokenizer = load_tokenizer(handle)
    if handle.kind == "encoder":
        return share_cut(tokenizer, items, max_length)
    writer = writer_for(handle.kind, tokenizer, task, max_length)
    return sum(writer.cut(items)) / len(items)

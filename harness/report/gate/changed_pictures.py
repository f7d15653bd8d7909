"""Small pictures of the items whose answers changed, for the gate's Markdown."""

from __future__ import annotations

from contextlib import suppress

from harness.common.capabilities import INPUTS
from harness.common.errors import HarnessError
from harness.gate.verdict import GateResult
from harness.inputs.pictures import small_picture
from harness.report.gate.markdown import shown
from harness.tasks.task import Task


def changed_pictures(task: Task, result: GateResult) -> dict[str, bytes]:
    """WebP of at most 3 KB by item, of those that the Markdown shows; none of texts, and of a
    picture that is not kept any more."""
    if INPUTS[task.input].in_words:
        return {}
    left, found = set(shown(result)), dict[str, bytes]()
    for example in task.splits.test if left else ():
        if example.id in left and example.picture is not None:
            with suppress(HarnessError):
                found[example.id] = small_picture(example.picture.pixels())
    return found

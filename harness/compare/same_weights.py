"""A model behind an endpoint beside the same weights here: how often they answer alike."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.arms import Arm, Measured
from harness.measure.part import RecordPart


class SameWeights(RecordPart):
    """Two arms of one method, by their first seeds' answers to the items that both answered."""

    served: str
    here: str
    items: int
    alike: int
    unread: int
    """Answers of the endpoint that could not be read: none of them is alike."""
    held: str
    """What the weights are held in here, by how many they are; the server's own is not known."""


def same_weights(arms: Sequence[Arm], measured: Measured) -> tuple[SameWeights, ...]:
    """Of every method of an endpoint whose server answers with a backbone of the study."""
    able = {(arm.backbone, arm.label): arm for arm in arms if arm.done}
    found = []
    for arm in able.values():
        usage = arm.done[0].usage
        other = able.get((usage.serves, arm.label)) if usage and usage.serves else None
        if other is None:
            continue
        said, here = measured.said(arm), measured.said(other)
        size, quality = other.done[0].size, arm.done[0].quality
        held = max(size.held, key=size.held.__getitem__) if size and size.held else "unknown"
        found.append(SameWeights(
            served=arm.name, here=other.name, items=len(said), alike=int((said == here).sum()),
            unread=(quality.unread or 0) if quality else 0, held=held))
    return tuple(found)

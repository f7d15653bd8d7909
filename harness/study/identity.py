"""What determines the result of a run, and names it."""

from __future__ import annotations

from typing import Any, Literal

from harness.measure.part import RecordPart
from harness.suite import BackboneKind

Limits = dict[str, int | str | tuple[str, ...] | None]
"""A budget's fields by name."""


class Identity(RecordPart):
    """What determines the result of a run. `run_id` hashes all of the rest but `suite`."""

    run_id: str
    suite: str
    backbone: str | None
    kind: BackboneKind | None
    method: str
    label: str
    family: str
    options: dict[str, Any]
    inner: str | None
    """Run id of the run that this one builds on."""
    retriever: str | None = None
    """Run id of the run that tuned the embedder by which this one finds."""
    seed: int
    random: bool = True
    """Whether the result hangs on the seed. A method without randomness has one run, and a spread
    over seeds that is known to be zero; one with it whose spread is not known has one run, too."""
    draw: int = 0
    """Which draw of training items it learned from, the same for all methods: the seed's own where
    the study is about training sets of this size and there are more items than that."""
    budget: Limits
    metric: str | None = None
    """What decides, on validation too: which weights and which setting are kept."""
    task_sha256: str
    items_sha256: str | None = None
    """Over all that the items of the task hold; None in older records."""
    backbone_sha256: str | None
    backbone_origin: str | None
    embedder_sha256: str | None
    reranker_sha256: str | None = None
    """Of the cross-encoder that puts in order what it finds."""
    calibrate: Literal["temperature"] | None = None
    """What its probabilities were calibrated by."""
    general_sha256: str | None = None
    """Over the passages of general text that it learned from, or was held to."""
    ceiling: bool = False
    """Whether it was told what no deployed model is, such as the document that a question is about:
    it says how far methods could come, and is none to use."""
    code_sha256: str
    """Of the code that computes the run: other methods, readers and words about code are no part
    of it."""
    libraries: dict[str, str]
    """Versions of the libraries below that code."""
    device_type: str
    devices: int = 1
    """How many learned together."""
    sharded: bool = False
    """Whether each of them held but a part of the weights while it learned."""
    autocast: str
    kernels: bool = True
    """Whether it computed by this package's kernels."""

    @property
    def train(self) -> int:
        """Training examples that the budget allows."""
        found = self.budget["train"]
        return found if isinstance(found, int) else 0

    @property
    def name(self) -> str:
        """Method and backbone, as reports call them: `lora (minilm)`."""
        return arm_name(self.label, self.backbone)


def arm_name(label: str, backbone: str | None) -> str:
    """What reports call a method on a backbone."""
    return f"{label} ({backbone})" if backbone else label

"""What computes a run, as part of its identity, and what computes all that a study needs."""

from __future__ import annotations

from harness.common.provenance import AFTERWARDS, ITEMS, Provenance, provenance
from harness.methods import modules
from harness.methods.method import Method
from harness.targets.metric import Metric


def made_by(method: Method | type[Method], decides: Metric | None, devices: int = 1) -> Provenance:
    """The code and the libraries that carry out a run of a method, learned by so many devices, in
    which validation chooses by a metric: of a class without what options bring in.

    A run below it, its items, backbone and embedder are in its identity on their own.
    """
    together = ("harness.executors.rank",) if devices > 1 else ()
    chooses = (decides.formula.__module__,) if decides else ()
    return provenance("harness.study.work", method.__module__, *method.brings, *chooses, *together,
                      known=(*ITEMS, *AFTERWARDS))


def made_by_all() -> Provenance:
    """The same of everything that a machine of a cluster may be given."""
    return provenance("harness.study.queued", *modules())

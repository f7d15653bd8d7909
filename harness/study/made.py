"""What computes a run, as part of its identity, and what computes all that a study needs."""

from __future__ import annotations

from harness.common.provenance import AFTERWARDS, ITEMS, Provenance, provenance
from harness.methods import modules
from harness.methods.method import Method


def made_by(method: type[Method], devices: int = 1) -> Provenance:
    """The code and the libraries that carry out a run of a method, learned by so many devices.

    A run below it, its items, backbone and embedder are in its identity on their own.
    """
    together = ("harness.study.rank",) if devices > 1 else ()
    return provenance("harness.study.work", method.__module__, *together,
                      known=(*ITEMS, *AFTERWARDS))


def made_by_all() -> Provenance:
    """The same of everything that a machine of a cluster may be given."""
    return provenance("harness.study.errands", *modules())

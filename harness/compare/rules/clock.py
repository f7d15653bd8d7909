"""Same clock: what was timed together, and on what runs were adapted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.compare.rule import Rule
from harness.study.record import Record


def same_clock(done: Sequence[Record]) -> Rule:
    """The first seeds of all methods were timed in one measurement; all runs were adapted on one
    kind of device."""
    rounds = {r.latency.round for r in _first_seeds(done) if r.latency}
    timed = sum(r.latency is not None for r in _first_seeds(done))
    devices = {f"{r.environment.device}, {r.environment.threads} threads"
               + (f", {r.identity.devices} together" if r.identity.devices > 1 else "")
               for r in done}
    together = len(rounds) == 1 and timed == len(list(_first_seeds(done)))
    return Rule(name="Same clock",
                says="Latency of all methods is measured in one process, in interleaved rounds; "
                     "runs are adapted on one kind of device.",
                # Nothing timed breaks no rule yet: the report says that it was not measured.
                held=together and len(devices) == 1 if rounds else None,
                evidence=f"{timed} methods timed in {len(rounds)} measurement(s): "
                         f"{', '.join(sorted(rounds)) or 'none'}. "
                         f"Adapted on {'; '.join(sorted(devices)) or 'nothing'}.")


def _first_seeds(done: Sequence[Record]) -> Iterable[Record]:
    return [r for r in done if r.trials]

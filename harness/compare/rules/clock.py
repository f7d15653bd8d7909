"""Same clock: what was timed together, and on what runs were adapted."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.rule import Rule
from harness.study.record import Record


def same_clock(done: Sequence[Record]) -> Rule:
    """The first seeds of all methods were timed in one measurement; all runs were adapted on one
    kind of device."""
    first = [r for r in done if r.trials]
    rounds = {r.latency.round for r in first if r.latency}
    timed = sum(r.latency is not None for r in first)
    devices = {f"{r.environment.device}, {r.environment.threads} threads"
               + (f", {r.identity.devices} together" if r.identity.devices > 1 else "")
               for r in done}
    away = sorted(r.identity.name for r in first if r.latency and r.latency.network)
    together = len(rounds) == 1 and timed == len(first) and not away
    return Rule(name="Same clock",
                says="Latency of all methods is measured in one process, in interleaved rounds; "
                     "runs are adapted on one kind of device.",
                # Nothing timed breaks no rule yet: the report says that it was not measured.
                held=together and len(devices) == 1 if rounds else None,
                evidence=f"{timed} methods timed in {len(rounds)} measurement(s): "
                         f"{', '.join(sorted(rounds)) or 'none'}. "
                         f"Adapted on {'; '.join(sorted(devices)) or 'nothing'}."
                         + (f" Over the network, by no clock of this machine's: "
                            f"{', '.join(away)}." if away else ""))

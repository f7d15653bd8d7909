"""What minutes buy of a suite: chosen once, kept beside the runs."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from harness.common.device import Device
from harness.common.files import sha256_json, write_atomic
from harness.common.sealed import sealed, unsealed
from harness.measure.part import RecordPart
from harness.suite import LoadedSuite


class LeftOut(RecordPart):
    """A method that the minutes do not buy."""

    name: str
    minutes: float | None
    """That its smallest useful budget takes by itself; None where its cost could not be measured.
    """
    reason: str | None = None
    """Why not."""


class Buys(RecordPart):
    """The most certainty that so many minutes buy."""

    minutes: float
    test: int
    draws: int
    methods: int
    difference: float | None
    """The smallest difference in the deciding metric that is likely to be told apart; None where
    none is."""


class Bought(RecordPart):
    """One budget for all methods of a suite, by which it is run."""

    minutes: float
    """That were asked for."""
    given: float
    """With those that were given for more."""
    buys: Buys
    """What these minutes buy, by the estimate."""
    left_out: tuple[LeftOut, ...]
    curve: tuple[Buys, ...]
    """What other minutes would buy, fewest first."""
    draws: int = 0
    """That are done: draws of training items, each answered by every method."""
    spent: float = 0.0
    """Seconds so far, of all commands, from each one's start to its last report."""
    last: float = 0.0
    """Seconds that the last draw took, of methods that go on."""
    left: dict[str, int] = Field(default_factory=dict)
    """Methods that go on no more, and how many draws they took part in."""
    ends: dict[int, float] = Field(default_factory=dict)
    """By number of draws, the seconds that were spent when so many were done."""


def path_of(loaded: LoadedSuite, minutes: float, device: Device, runs: Path) -> Path:
    """Where what was bought is kept: by what the suite says, and the machine."""
    name = sha256_json([loaded.digest, minutes, device.type, device.name, device.threads])[:16]
    return runs / "minutes" / f"{name}.json"


def read(path: Path) -> Bought | None:
    """What is kept; None where nothing is, or it is damaged."""
    try:
        return Bought.model_validate(unsealed(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def write(path: Path, bought: Bought) -> None:
    """Keep it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, sealed(bought.model_dump_json()))

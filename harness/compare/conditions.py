"""What every arm was given and how far it came with it, as its records say, and where it is unlike
the arms that it is ranked with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from harness.check.items import CUT
from harness.common.kinds import MRR
from harness.compare.arms import Arm, arms_of
from harness.measure.part import RecordPart
from harness.study.record import Record
from harness.study.study import Study

Mark = Literal["examples", "words", "cut", "validation", "chosen", "trials", "improving", "edge",
               "chance"]
Given = Literal["examples", "words", "validation", "chosen"]
GIVEN: tuple[Given, ...] = ("examples", "words", "validation", "chosen")
"""What must be the same of all arms with one seed."""
Key = tuple[Given, int, int]
"""What was given, to which seed, with how many test items where these are part of it."""


class Conditions(RecordPart):
    """An arm's share of what must be alike. Figures are of its first seed, marks of all.

    `examples`, `words`, `validation`, `chosen`: other than most arms have that it is ranked with;
    `cut`: its window cuts more than a tenth of the texts again; `trials`: neither the budget's
    number of settings, nor one, nor the whole of its grid; `improving`, `edge`, `chance`: as
    `Ending` has them.
    """

    name: str
    train_items: int
    words_median: float | None
    words_longest: int | None
    told: bool = True
    """Whether the record says what was read."""
    share_cut: float | None
    passes: float | None
    trials: int
    stopped: str | None
    validation_items: int
    validation_worth: float | None = None
    """As `Ending` has it."""
    chosen_by: str | None
    marks: tuple[Mark, ...]


def conditions(arms: Sequence[Arm]) -> tuple[Conditions, ...]:
    """The arms with a result, in their order."""
    able = [arm for arm in arms if arm.done and arm.done[0].budget_used]
    usual = _usual(able)
    return tuple(_of(arm, usual) for arm in able)


def ranked_together(study: Study) -> dict[str, tuple[Arm, ...]]:
    """The study's arms by what they are not matched in with the suite's own budget; all of them
    as one where an older study does not say."""
    if not study.parts:
        return {"": arms_of(study.whole())}
    main = study.parts[0]
    return {", ".join(part.unlike(main)): arms_of(study.of_part(part)) for part in study.parts}


def _usual(arms: Sequence[Arm]) -> Mapping[Key, str]:
    """What most arms were given, by seed: training samples may be drawn anew for each."""
    counts: dict[Key, Counter[str]] = {}
    for arm in arms:
        for record in arm.done:
            for what, value in _given(record).items():
                counts.setdefault(_key(what, record), Counter())[value] += 1
    return {key: found.most_common(1)[0][0] for key, found in counts.items()}


def _key(what: Given, record: Record) -> Key:
    """Words are those of the test items, too, of which some may answer more."""
    used = record.budget_used
    return what, record.identity.seed, used.test_items if used and what == "words" else 0


def _given(record: Record) -> dict[Given, str]:
    used, ending = record.budget_used, record.ending
    read = used.read if used else None
    # What finds texts for others is chosen by what it finds.
    told = ending is not None and ending.chosen_by != MRR
    found: dict[Given, str] = {"chosen": ending.chosen_by} if ending and told else {}
    if read is not None:
        found |= {"examples": read.train_sha256, "words": read.words_sha256,
                  "validation": read.validation_sha256}
    return found


def _of(arm: Arm, usual: Mapping[Key, str]) -> Conditions:
    first = arm.done[0]
    used, ending = first.budget_used, first.ending
    if used is None:  # as the caller saw
        raise AssertionError
    marks = dict.fromkeys(mark for record in arm.done for mark in _marks(record, usual))
    return Conditions(
        name=arm.name, train_items=used.train_items,
        words_median=used.read.words_median if used.read else None,
        words_longest=used.read.words_longest if used.read else None,
        told=used.read is not None, share_cut=used.share_cut,
        passes=ending.passes if ending else None,
        trials=len(first.trials), stopped=ending.stopped if ending else None,
        validation_items=ending.validation_items if ending else used.validation_items,
        validation_worth=ending.validation_worth if ending else None,
        chosen_by=ending.chosen_by if ending else None, marks=tuple(marks))


def _marks(record: Record, usual: Mapping[Key, str]) -> Iterator[Mark]:
    given, used, ending = _given(record), record.budget_used, record.ending
    yield from (what for what in GIVEN
                if what in given and given[what] != usual[_key(what, record)])
    if used and used.share_cut is not None and used.share_cut > CUT:
        yield "cut"
    tried = len(record.trials)
    whole = ending is not None and ending.whole_grid
    if tried > 1 and tried != record.identity.budget["trials"] and not whole:
        yield "trials"
    if ending is None:
        return
    if ending.still_improving:
        yield "improving"
    if ending.edge_of_grid:
        yield "edge"
    # The most frequent class is chance itself.
    if not ending.above_chance and record.identity.method != "majority":
        yield "chance"

"""One watch: the approved model answers the day's texts, both sides are compared and judged."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from harness.common.capabilities import INPUTS
from harness.common.now import now
from harness.common.text import blank
from harness.gate.baseline import Baseline
from harness.gate.verdict import Against
from harness.processes.own import Say
from harness.processes.turns import alone
from harness.study.environment import environment
from harness.targets.kinds import KINDS
from harness.watch.by_input import BY_INPUT
from harness.watch.checks import exact, last_look, of_labels, outcome_of, tested
from harness.watch.compared import Compared, compare
from harness.watch.day import Day, targets
from harness.watch.kept import read_looks
from harness.watch.measured import AGAIN, Measured, Watched, measure
from harness.watch.noted import Marks, note
from harness.watch.result import Check, ClassShare, Estimate, WatchResult

NOTHING = Compared((), {}, {})
GROUPS = 10
"""Of a side, without which its error is not known: see benchmarks/watching.py."""


def run_watch(watched: Watched, day: Day, state: Path, say: Say, seed: int = 0) -> WatchResult:
    """Have the day's items answered, compare, and note the look in the file `state`.

    With fewer different items than the policy asks for, or few groups, nothing is tested. Raises
    HarnessError for a label that is no class's, and a state that is damaged.
    """
    start, policy, run = time.perf_counter(), watched.policy, watched.model.assignment
    read_looks(state, watched.baseline.sha256)  # damage is said before a model is loaded
    short = tuple(_short(watched, day))
    enough = not short
    marks = (None if day.labels is None else
             targets(day, watched.loaded.suite.task, watched.separator))
    found = None
    if enough or (marks is not None and marks[0].any()):
        with alone(run.device, say):
            found = measure(watched, day, say)
    say("comparing")
    compared = compare(found.both, KINDS[watched.task.kind], policy, seed
                       ) if found and enough else NOTHING
    look, labels = note(watched, day, found, marks, state, enough)
    checks = (*tested(compared.checks, policy.level, look), *_exact(watched, day, found),
              *([of_labels(labels, policy.drop_at_most)] if labels else ()))
    return WatchResult(
        suite=watched.loaded.suite.name, profile=watched.loaded.profile, created=now(),
        outcome=outcome_of(checks, enough), policy=policy, baseline=_against(watched.baseline),
        look=look, rows=day.rows, input=watched.task.input, items=len(day.items),
        groups=len(set(day.groups)),
        approved_items=len(watched.baseline.items), vectors=found.vectors if found else "",
        checks=checks, classes=_classes(compared), estimates=_estimates(compared),
        approved_right=found.right if found else None, labelled=labels,
        notes=(*short, *_unlabelled(day, marks), *_notes(watched, day, found, checks, look)),
        environment=environment(run.device), seconds=time.perf_counter() - start)


def _short(watched: Watched, day: Day) -> Iterator[str]:
    """Why nothing is tested: too few texts, or too few groups on a side."""
    kinds = INPUTS[watched.task.input].items
    if len(day.items) < watched.policy.items:
        yield (f"{len(day.items)} different {kinds}: the tests need {watched.policy.items} "
               "(watch: items)")
    approved = {example.cluster for example in watched.baseline.examples(watched.task, "test")}
    for side, groups in (("the approved items", approved), (f"the day's {kinds}", set(day.groups))):
        if len(groups) < GROUPS:
            yield f"{side} are of {len(groups)} groups: the tests need {GROUPS}"


def _unlabelled(day: Day, marks: Marks | None) -> Iterator[str]:
    """What is not counted of a column of labels."""
    if day.labels is None or marks is None:
        return
    given, known = sum(not blank(cell) for cell in day.labels), int(marks[0].sum())
    if not given:
        yield "no label is known yet: every cell of the labels' column is blank"
    elif known < given:
        yield (f"{given - known} of {given} labels are no class's, and the suite drops such "
               "(task: other_labels): they are not counted")


def _exact(watched: Watched, day: Day, found: Measured | None) -> Iterator[Check]:
    policy, kind = watched.policy, INPUTS[watched.task.input]
    compares = BY_INPUT[watched.task.input]
    yield exact(compares.missing, compares.missing_says, day.empty, day.rows,
                compares.missing_at_most(policy))
    yield exact("duplicates", f"share of the rows whose {kind.one} stands in a row before",
                day.duplicates, day.rows, policy.duplicates_at_most)
    if found is not None:
        answered = found.both.now.answered
        yield exact("unanswered", f"share of the {kind.items} without an answer",
                    int((~answered).sum()), len(answered), 0.0)


def _notes(watched: Watched, day: Day, found: Measured | None, checks: tuple[Check, ...],
           look: int) -> Iterator[str]:
    policy = watched.policy
    if day.empty and not INPUTS[watched.task.input].in_words:
        yield (f"{day.empty} of {day.rows} rows are no picture: `harness predict` on the same "
               "input names them and says why")
    if found is not None and found.changed:
        asked_again = min(AGAIN, len(watched.baseline.items))
        yield (f"the model answers {found.changed} of {asked_again} approved items otherwise than "
               "it did: a machine or libraries that compute otherwise are part of what is found")
    if watched.task.facts.groups < watched.task.facts.kept and not day.grouped:
        yield ("the suite's items hang together in groups, and each of the day's "
               f"{INPUTS[watched.task.input].items} counts by itself: name their groups' column "
               "with --group, if they have one")
    tests = sum(check.p_value is not None for check in checks)
    if tests and look > (last := last_look(policy.level, tests)):
        yield (f"over all days nothing more can be found by tests after table {last}: what is left "
               "of the level is below the least p value; approve again, or begin a new --state")


def _against(baseline: Baseline) -> Against:
    return Against(name=baseline.name, run_id=baseline.record.identity.run_id,
                   sha256=baseline.sha256, approval=baseline.approval)


def _classes(found: Compared) -> tuple[ClassShare, ...]:
    return tuple(ClassShare(name=name, before=one.before, now=one.now, difference=one.difference,
                            low=one.low, high=one.high) for name, one in found.shares.items())


def _estimates(found: Compared) -> tuple[Estimate, ...]:
    return tuple(Estimate(by=name, value=one.value, low=one.low, high=one.high, drop=one.drop,
                          drop_low=one.drop_low, drop_high=one.drop_high)
                 for name, one in found.estimates.items())

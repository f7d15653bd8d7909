"""Attempts against an approved model: counted before anything is asked, and kept with what came of
it.

What counts as one attempt is a candidate under a policy. The same again is no new one: it has its
number, and where it was answered, its answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from harness.common.chained import Line
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.now import now
from harness.gate.baseline import Baseline
from harness.gate.candidate import Candidate, Context
from harness.gate.log import Log, append, read_log
from harness.gate.spending import LIMIT, alpha_of, spent_by
from harness.gate.verdict import Attempt, GateResult
from harness.suite import Gate

Event = Literal["approved", "attempt", "outcome"]


@dataclass(frozen=True)
class Tried:
    """A candidate under a policy: what is logged of it."""

    key: str
    """Hash of what was saved, how it is read and what it is asked to keep."""
    name: str
    sha256: str
    run_id: str | None


@dataclass(frozen=True)
class Book:
    """The log of a suite, opened at the approved model that candidates are held against."""

    log: Log
    baseline: Baseline
    limit: int


def log_beside(baseline: Path) -> Log:
    """The log of a baseline's file: SUITE.log.jsonl beside SUITE.json."""
    return Log(baseline.with_suffix(".log.jsonl"))


def counts(policy: Gate | None, gate_part: bool, log: Log) -> bool:
    """Whether attempts are counted: the suite says so or keeps a part for the gate, or a log is
    there."""
    return gate_part or (policy is not None and policy.attempts is not None) or log.there


def open_book(path: Path, baseline: Baseline, policy: Gate) -> Book | None:
    """Where attempts against the baseline of a file are counted; None where they are not. Raises
    HarnessError where they should be and the log is missing, is not to be trusted, or does not know
    of this approval."""
    log = log_beside(path)
    if not counts(policy, baseline.logged, log):
        return None
    again = "or approve a run again: harness baseline approve RUN_ID."
    if not log.there:
        raise HarnessError(f"{log.path}: No such file, and attempts against {path} are counted",
                           f"Restore it from the repository, {again}")
    if not any(line["event"] == "approved" and line["baseline"] == baseline.sha256
               for line in read_log(log)):
        raise HarnessError(f"{log.path}: knows nothing of the baseline in {path}",
                           f"Restore both as they were committed together, {again}")
    return Book(log, baseline, LIMIT if policy.attempts is None else policy.attempts)


def tried(candidate: Candidate, context: Context, policy: Gate) -> Tried:
    """What is judged: by the hashes of what was saved and of its base, how much it reads, what its
    classes mean, and the rules but the limit of attempts."""
    run_id = candidate.record.identity.run_id if candidate.record else None
    measure = context.loaded.suite.measure.forgetting
    key = sha256_json([
        candidate.sha256, run_id, candidate.base.sha256 if candidate.base else None,
        None if run_id else context.max_length, sorted(context.labels.items()),
        policy.model_dump(mode="json", exclude={"attempts"}),
        None if measure is None else measure.model_dump(mode="json")])
    return Tried(key, candidate.name, candidate.sha256, run_id)


def approve_in(log: Log, baseline: Baseline) -> None:
    """Note an approval. Attempts against the same model on the same items go on being counted."""
    with log.alone():
        append(log, _fields("approved", baseline, run_id=baseline.record.identity.run_id,
                            by=baseline.approval.by))


def coming(book: Book) -> Attempt:
    """What the next attempt would have. Raises HarnessError where there is no more."""
    return _attempt(book, 1 + len(_numbers(book)))


def answered_before(book: Book, what: Tried) -> GateResult | None:
    """What came of the same candidate under the same policy; None where that is not known."""
    number = _numbers(book).get(what.key)
    ended = next((line for line in _own(book, "outcome") if line["number"] == number), None)
    if number is None or ended is None:
        return None
    try:
        found = GateResult.model_validate(ended["result"])
    except ValidationError:
        raise HarnessError(f"{book.log.path}: line {ended['line']} holds no result that this "
                           "version reads", "Update the harness.") from None
    attempt = _attempt(book, number, limited=False)
    return found.model_copy(update={"attempt": attempt.model_copy(update={"kept": True})})


def begin(book: Book, what: Tried) -> Attempt:
    """Count an attempt, once for the same candidate under the same policy. Raises HarnessError
    where there is none left."""
    with book.log.alone():
        numbers = _numbers(book)
        if what.key in numbers:
            return _attempt(book, numbers[what.key], limited=False)
        attempt = _attempt(book, 1 + len(numbers))
        append(book.log, _fields(
            "attempt", book.baseline, number=attempt.number, alpha=attempt.alpha, tried=what.key,
            candidate=what.name, sha256_of_candidate=what.sha256, run_id=what.run_id))
    return attempt


def end(book: Book, what: Tried, found: GateResult) -> GateResult:
    """Keep what came of an attempt that was begun. Where the same was answered meanwhile, that
    answer stands."""
    with book.log.alone():
        before = answered_before(book, what)
        if before is not None:
            return before
        kept = found.model_copy(update={"broken": (), "mended": ()})
        append(book.log, _fields("outcome", book.baseline, number=_numbers(book)[what.key],
                                 outcome=found.outcome, result=json.loads(kept.model_dump_json())))
    return found


def attempts_in(lines: tuple[Line, ...]) -> Iterator[tuple[Line, Line | None]]:
    """Every attempt, oldest first, and its outcome, where it has one."""
    ended = {(line["against"], line["number"]): line
             for line in lines if line["event"] == "outcome"}
    return ((line, ended.get((line["against"], line["number"])))
            for line in lines if line["event"] == "attempt")


def _own(book: Book, event: Event) -> Iterator[Line]:
    """The lines about this model on these items, however often it was approved."""
    return (line for line in read_log(book.log)
            if line["event"] == event and line["against"] == book.baseline.against)


def _numbers(book: Book) -> dict[str, int]:
    return {line["tried"]: line["number"] for line in _own(book, "attempt")}


def _attempt(book: Book, number: int, limited: bool = True) -> Attempt:
    if limited and number > book.limit:
        raise HarnessError(
            f"{book.log.path}: {number - 1} attempts were made against {book.baseline.name}, of "
            f"{book.limit} (gate: attempts)",
            "Approve a better model, or draw other items for the gate: more attempts on these "
            "would pass one by chance.")
    return Attempt(number=number, limit=book.limit, alpha=alpha_of(number), spent=spent_by(number))


def _fields(event: Event, baseline: Baseline, **more: Any) -> Mapping[str, Any]:
    at = now()
    return {"event": event, "at": at, "baseline": baseline.sha256, "against": baseline.against,
            **more}

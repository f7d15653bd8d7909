"""Telling W&B what is new: runs, then what the study says by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from harness.common.files import sha256_json
from harness.common.locks import locked
from harness.report.dashboard.comparison import log_study as log_study_run
from harness.report.dashboard.comparison import told_of
from harness.report.dashboard.ledger import Sent, amend_ledger, read_ledger
from harness.report.dashboard.opened import Card, Destination, give_up, opened, unsent
from harness.report.dashboard.runs import (
    Heading,
    card_of,
    heading_in,
    log_figures,
    log_record,
    send_artifact,
    told,
)
from harness.report.dashboard.written import save_report
from harness.report.published import Published
from harness.study.record import Record
from harness.study.store import Store

MOST_FAILURES = 2
"""In a row; then the service is taken for one that is not there."""

LONGEST = 200
"""Characters of what is said of an error."""


@dataclass
class Pass:
    """What came of telling W&B what is new."""

    mode: str = ""
    written: frozenset[str] = frozenset()
    """Ids of W&B runs."""
    left: int = 0
    """How often one could not be written."""
    trouble: str | None = None
    """Why, of the last."""
    _row: int = 0

    def then(self, later: Pass, left: int = 0) -> Pass:
        """This one and a later one, which says what is left, beside `left`."""
        return Pass(later.mode, self.written | later.written, left + later.left,
                    later.trouble or (self.trouble if left else None))

    def attempt(self, tell: Callable[..., str | None], *given: object) -> None:
        """Add what `tell` wrote; what W&B raises is kept as words."""
        if self._row >= MOST_FAILURES:
            self.left += 1
            return
        try:
            wrote = tell(*given)
        except Exception as error:  # whatever it is, the study is none the worse
            self.left, self._row = self.left + 1, self._row + 1
            self.trouble = in_words(error)
            give_up()
        else:
            self._row = 0
            self.written |= {wrote} if wrote else frozenset()


def in_words(error: Exception) -> str:
    """An error of W&B's in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:LONGEST]}"


def log_study(published: Published, store: Store, to: Destination, artifacts: bool = False
              ) -> Pass:
    """Tell what is new of a study and of its runs, with what methods saved where that is asked."""
    done = log_runs(published.study.records, heading_in(published), store, to, artifacts)
    done.attempt(_log_study, published, store, to, True)
    done.attempt(_log_report, published, store, to)
    return done


def log_runs(records: Iterable[Record], heading: Heading, store: Store, to: Destination,
             artifacts: bool = False) -> Pass:
    """Tell what is new of runs."""
    done = Pass(to.mode)
    for record in records:
        done.attempt(_log_run, record, heading, store, to, artifacts)
    return done


def log_so_far(published: Published, store: Store, to: Destination) -> Pass:
    """Tell what a study says while it goes on."""
    done = Pass(to.mode)
    done.attempt(_log_study, published, store, to, False)
    done.attempt(_log_report, published, store, to)
    return done


def nothing_new(published: Published, store: Store) -> bool:
    """Whether W&B was told all of a study before."""
    ledger, heading = read_ledger(store.folder), heading_in(published)
    known = {record.identity.run_id: told(record) for record in published.study.records}
    return (ledger.study(heading.group).sha256 == _stands(published, True)
            and all(run in ledger.runs and ledger.runs[run].sha256 == digest
                    for run, digest in known.items()))


def _log_run(record: Record, heading: Heading, store: Store, to: Destination, artifacts: bool
             ) -> str | None:
    """The id of the W&B run that was written; None where nothing is new."""
    run_id, card = record.identity.run_id, card_of(record, heading)
    sent = Sent(id=card.id, sha256=told(record))
    with _alone(store.folder):
        ledger = read_ledger(store.folder)
        known = ledger.runs.get(run_id)
        if known == sent:
            return None
        whole = known is None or known.id != card.id or bool(unsent(to, card.id))
        with opened(to, card) as run:
            if whole:
                log_record(run, record, store, heading, to.online)
                if artifacts and to.online and record.status.state == "ok":
                    send_artifact(run, record, store)
            else:
                log_figures(run, record)
        amend_ledger(store.folder, runs=ledger.runs | {run_id: sent})
    return card.id


def _log_study(published: Published, store: Store, to: Destination, whole: bool
               ) -> str | None:
    """The same of a study, in its one W&B run: its verdict, and all else where it is `whole`."""
    study, heading, digest = published.study, heading_in(published), _stands(published, whole)
    with _alone(store.folder):
        ledger = read_ledger(store.folder)
        known = ledger.study(heading.group)
        if known.sha256 == digest:
            return None
        verdicts = ledger.after(told_of(published))
        card = Card(study.suite, known.id, f"study {study.profile}", heading.group, "study",
                    dict(study.budget))
        with opened(to, card) as run:
            log_study_run(run, published, verdicts, whole)
        sent = Sent(id=known.id, sha256=digest)
        amend_ledger(store.folder, verdicts=verdicts,
                     studies=ledger.studies | {heading.group: sent})
    return card.id


def _log_report(published: Published, store: Store, to: Destination) -> None:
    """No W&B run, but the suite's report where the service is reached."""
    if to.mode != "online":
        return
    with _alone(store.folder):
        ledger = read_ledger(store.folder)
        digest = sha256_json([_stands(published, True),
                              [told.model_dump() for told in ledger.verdicts]])
        if ledger.report is None or ledger.report.sha256 != digest:
            before = None if ledger.report is None else ledger.report.id
            known = save_report(published, ledger.verdicts, before)
            amend_ledger(store.folder, report=known and Sent(id=known, sha256=digest))


def _stands(published: Published, whole: bool) -> str:
    """The hash of what a study says, and by what."""
    return sha256_json([sorted(map(told, published.study.records)), whole,
                        published.verdict.model_dump(mode="json")])


def _alone(folder: Path) -> AbstractContextManager[None]:
    """Whoever tells W&B of a store is alone at it."""
    return locked(folder / ".locks" / "wandb.lock")

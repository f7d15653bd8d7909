"""Telling W&B while a study goes on, from a process of its own: each run when it is done, and what
the study says by then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.check.finding import Finding
from harness.report.dashboard.opened import Destination, destination, give_up
from harness.report.dashboard.runs import heading_of
from harness.report.dashboard.sending import Pass, in_words, log_runs, log_so_far, log_study
from harness.report.published import published_of, read_published
from harness.study.planning.plan import Plan
from harness.study.store import Store

QUIET = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false",
         "WEAVE_CAPTURE_CODE": "false", "WEAVE_CAPTURE_SYSTEM_INFO": "false",
         "WEAVE_CAPTURE_CLIENT_INFO": "false", "WEAVE_PRINT_CALL_LINK": "false",
         "WEAVE_IMPLICITLY_PATCH_INTEGRATIONS": "false", "WEAVE_ENABLE_DISK_FALLBACK": "false"}
"""W&B would send lines of the code that it failed in, and Weave code and what the machine is."""


@dataclass(frozen=True)
class Errand:
    """What a process that tells W&B must know of a study."""

    plan: Plan
    store: Store
    found: tuple[Finding, ...]
    artifacts: bool


def carry(errand: Errand, messages: Iterator[Path | None]) -> Pass:
    """Tell W&B what is new whenever a message comes: None, for runs that are done, or where a
    study's `study.json` lies. Returns what came of it."""
    os.environ |= QUIET
    done, whole = Pass(), None
    try:
        for message in messages:
            whole = message or whole
            done = done.then(_told(errand, message))
        if whole is None:  # interrupted, maybe while a run was told of
            done = done.then(_told(errand, None))
    finally:
        give_up()
    return done


def _told(errand: Errand, message: Path | None) -> Pass:
    try:
        to = destination(errand.store.folder)
    except Exception as error:  # the service is asked whether the user is logged in
        return Pass(left=1, trouble=in_words(error))
    return _so_far(errand, to) if message is None else _whole(errand, to, message)


def _whole(errand: Errand, to: Destination, path: Path) -> Pass:
    return log_study(read_published(path), errand.store, to, errand.artifacts)


def _so_far(errand: Errand, to: Destination) -> Pass:
    store, plan = errand.store, errand.plan
    records = {run.run_id: record for run in plan.runs
               if (record := store.load(run.run_id)) is not None}
    done = log_runs(records.values(), heading_of(plan), store, to, errand.artifacts)
    if not done.written:
        return done
    return done.then(log_so_far(published_of(plan, records, store, errand.found), store, to),
                     done.left)

"""Studies: run, report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console

from harness.backbones.endpoint.server import check_installed, serving
from harness.backbones.handle import Handle
from harness.check.finding import Finding
from harness.commands.plan import name_damage, runs_left, store_of
from harness.commands.tracked import UNTRACKED, Tracked
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.compare.verdict import ORDER
from harness.executors.place import HERE, Place, on_cluster, on_devices
from harness.export.in_study import exporting_of, unmade
from harness.processes.turns import at_once
from harness.report.alike import hangs_on
from harness.report.checked import print_findings
from harness.report.console import sayer
from harness.report.files import STUDY, write_report
from harness.report.index import write_index
from harness.report.planned import print_outline
from harness.report.published import Published, published_of, read_published
from harness.report.sentences import headline
from harness.report.studied import Studied
from harness.report.terminal import ProgressWatcher
from harness.study.check import findings
from harness.study.estimate.room import check_least
from harness.study.minutes.bought import Bought
from harness.study.planning.outlined import outline_of
from harness.study.planning.plan import Plan, PlannedRun
from harness.study.planning.windows import check_windows
from harness.study.run import run_study
from harness.suite.endpoint import EndpointFields

Watch = Callable[[Console, int], ProgressWatcher]
"""Shows how so many runs go."""


def place_of(executor: str, config: Path | None, address: str | None, results: str | None
             ) -> AbstractContextManager[Place]:
    """Where runs are carried out. Raises HarnessError for a configuration or a cluster that cannot
    be used, and for an option of another executor."""
    if (config is not None) != (executor == "accelerate"):
        raise HarnessError("--config and --executor accelerate go together",
                           "Give both, or neither.")
    if config is not None:
        return nullcontext(on_devices(config))
    if executor == "ray":
        return on_cluster(address, results)
    if address is not None or results is not None:
        raise HarnessError("--address and --results are of --executor ray",
                           "Add --executor ray, or leave them out.")
    return nullcontext(HERE)


def run(console: Console, plan: Plan, runs: Path, reports: Path, fresh: bool,
        place: Place = HERE, watch: Watch = ProgressWatcher, tracked: Tracked = UNTRACKED
        ) -> Studied:
    """Plan, check the data, run, report. Raises HarnessError for data that has errors."""
    left = begin(console, plan, runs, fresh, place)
    print_outline(console, outline_of(plan, left, None))
    found = looked_at(console, plan)
    return carried_out(console, plan, left, found, runs, reports, place, watch, tracked=tracked)


def begin(console: Console, plan: Plan, runs: Path, fresh: bool, place: Place
          ) -> list[PlannedRun]:
    """The runs to do. Raises HarnessError for one that cannot be done there."""
    store = store_of(plan, runs)
    exporting_of(plan)  # what it lacks is said before anything runs
    if fresh:
        for planned in plan.runs:
            with store.lock(planned.run_id):
                store.forget(planned.run_id)
    else:
        place.collect(store, [planned.run_id for planned in plan.runs])
    left = runs_left(console, plan, runs)
    if _served(plan, left):
        check_installed()
    check_windows(plan, left)
    check_least(plan, left, place.room(plan.device))
    return left


def looked_at(console: Console, plan: Plan) -> tuple[Finding, ...]:
    """What the checks find in the data. Raises HarnessError where that has errors."""
    # By this machine, whichever runs the study.
    found = findings(dataclasses.replace(plan, device=detect()), sayer(console))
    print_findings(console, [finding for finding in found if finding.severity != "note"])
    _stop_at_errors(plan, found)
    return found


def carried_out(console: Console, plan: Plan, left: Sequence[PlannedRun],
                found: tuple[Finding, ...], runs: Path, reports: Path, place: Place = HERE,
                watch: Watch = ProgressWatcher,
                bought: Callable[[], Bought | None] = lambda: None,
                tracked: Tracked = UNTRACKED) -> Studied:
    """The study with its report, when all that is left is done; `bought` is asked then."""
    store = store_of(plan, runs)
    tracked.begun(plan, store, found)
    with servers(plan, left), watch(console, len(left)) as watcher:
        records = run_study(plan, store, tracked.told_of(watcher), place.execute,
                            exporting_of(plan))
    published = published_of(plan, records, store, found, bought())
    folder = write_report(published, reports)
    write_index(reports)
    tracked.published(published, folder)
    return Studied(published, folder, incomplete(plan, published))


@contextmanager
def servers(plan: Plan, left: Sequence[PlannedRun]) -> Iterator[None]:
    """The servers that the suite has started here, while runs are left that ask them."""
    with ExitStack() as started:
        for said, handle in _served(plan, left):
            started.enter_context(serving(said, handle.path))
        yield


def _served(plan: Plan, left: Sequence[PlannedRun]) -> list[tuple[EndpointFields, Handle]]:
    """The endpoints that are asked and answer with weights of the suite, and whose."""
    asked = {run.entry.backbone for run in left}
    return [(one.said, plan.backbones[one.said.serve]) for name, one in plan.endpoints.items()
            if one.said.serve is not None and name in asked]


def incomplete(plan: Plan, published: Published) -> int:
    """The number of runs without a result or not fully measured."""
    study, asked = published.study, plan.loaded.suite.measure.forgetting is not None
    failed = sum(record.status.state != "ok" for record in study.records)
    untimed = sum(record.status.state == "ok" and record.identity.seed == 0
                  and record.latency is None for record in study.whole())
    records = {record.identity.run_id: record for record in study.records}
    return failed + untimed + unmade(plan, records) + sum(
        asked and record.status.state == "ok" and record.identity.backbone is not None
        and record.forgetting is None for record in study.whole())


def report(console: Console, plan: Plan, runs: Path, reports: Path, require: str | None = None,
           bought: Bought | None = None) -> Studied:
    """Write the report from the kept runs, or from `study.json` when no run is kept here. Damaged
    runs are named and left out; it is said where the verdict is less sure than required."""
    store = store_of(plan, runs)
    damaged = name_damage(console, plan.runs, store)
    records = {r.run_id: record for r in plan.runs
               if (record := store.load(r.run_id)) is not None}
    if records:
        published = published_of(plan, records, store, findings(plan, sayer(console), at_once),
                               bought)
    else:
        path = reports / plan.loaded.suite.name / STUDY
        if not path.exists():
            raise HarnessError(f"no run of {plan.loaded.suite.name} is kept in {runs}/ and there "
                               f"is no {path}",
                               f"Run `harness run {plan.loaded.suite.name}` first.")
        published = read_published(path)
    folder = write_report(published, reports)
    write_index(reports)
    return Studied(published, folder, incomplete(plan, published), damaged,
                   require is not None and short_of(console, published, require))


def short_of(console: Console, published: Published, answer: str) -> bool:
    """Whether a verdict is less sure than asked, which is said. One that hangs on a doubt is less
    than `use`."""
    found = published.verdict.answer
    short = (found is None or ORDER.index(found) < ORDER.index(answer)
             or (answer == "use" and bool(hangs_on(published))))
    if short:
        console.print(f"the verdict is less than `{answer}`: {headline(published)}",
                      markup=False, highlight=False)
    return short


def _stop_at_errors(plan: Plan, found: Sequence[Finding]) -> None:
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        raise HarnessError(f"the data of {plan.loaded.suite.name} has {len(errors)} errors: "
                           f"{errors[0].found}", errors[0].suggestion)

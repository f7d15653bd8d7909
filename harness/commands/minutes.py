"""A study in so many minutes: what they buy, and draws for as long as there is time for one."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console

from harness.commands.plan import load, outlined, runs_left
from harness.commands.study import Watch, begin, carried_out, looked_at
from harness.commands.tracked import UNTRACKED, Tracked
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.compare.leaving import settled
from harness.executors.place import HERE, Place
from harness.report.bargain import left_after, print_bought
from harness.report.console import sayer
from harness.report.planned import Planned, print_outline
from harness.report.published import Published
from harness.report.studied import Studied
from harness.report.terminal import ProgressWatcher
from harness.study.estimate.estimate import estimate
from harness.study.minutes import bought as kept
from harness.study.minutes.bought import Bought
from harness.study.minutes.choice import by, choose, even, gains, staying
from harness.study.planning.outlined import outline_of
from harness.study.planning.plan import Plan, PlannedRun, make_plan
from harness.suite import LoadedSuite


@dataclass(frozen=True)
class Timed:
    """A suite that is run by minutes, where its runs are kept."""

    loaded: LoadedSuite
    minutes: float
    runs: Path
    place: Place = HERE
    begun: float = field(default_factory=lambda: time.perf_counter())
    """When the command began, by the clock of `time.perf_counter`."""

    @property
    def path(self) -> Path:
        """Of what was bought."""
        return kept.path_of(self.loaded, self.minutes, self.place.device(),
                            self.runs / self.loaded.suite.name)

    def elapsed(self) -> float:
        """Seconds since the command began."""
        return time.perf_counter() - self.begun

    def plan(self, bought: Bought, draws: int) -> Plan:
        """What was bought, at so many draws; of methods that left, at those that they have."""
        return staying(make_plan(by(self.loaded, bought, draws), self.place.device()), bought.left)

    def buy(self, console: Console) -> Bought:
        """What was bought before, or is now. Raises HarnessError."""
        found = kept.read(self.path)
        if found is None:
            _check_here(self.loaded)
            plan = make_plan(even(self.loaded), detect())
            expected = estimate(plan, plan.runs, sayer(console))
            found = choose(plan, expected, self.minutes, 60 * self.minutes - self.elapsed())
            kept.write(self.path, found)
        return found


def _check_here(loaded: LoadedSuite) -> None:
    """Raise HarnessError where minutes of this machine do not say what answers take."""
    for name, endpoint in loaded.suite.endpoints.items():
        raise loaded.error(("backbones", name), f"minutes are measured on this machine, and "
                           f"{endpoint.host} answers elsewhere",
                           "Leave out --minutes, or the endpoint with a profile.")


def timed(suite: str, profile: str | None, suites: Path, minutes: float, runs: Path,
          place: Place = HERE) -> Timed:
    """A suite by name or path, by minutes. Raises HarnessError for none."""
    if not (math.isfinite(minutes) and minutes > 0):
        raise HarnessError(f"{minutes:g} minutes buy nothing", "Give more than 0 of them.")
    return Timed(load(suite, profile, suites), minutes, runs, place)


def planned(console: Console, timed: Timed) -> Planned:
    """What the minutes buy, and where they go."""
    bought = timed.buy(console)
    plan = timed.plan(bought, max(bought.buys.draws, bought.draws))
    outline, _ = outlined(console, plan, runs_left(console, plan, timed.runs))
    return Planned(outline.model_copy(update={"bought": bought}))


def run(console: Console, timed: Timed, more: bool, reports: Path, fresh: bool,
        watch: Watch = ProgressWatcher, tracked: Tracked = UNTRACKED) -> Studied:
    """Buy, check the data, and carry out draws while there is time; a report after each.

    What is kept goes on where it ended, within the same minutes, or with as many `more`. Raises
    HarnessError for minutes that are too few, and for data that has errors.
    """
    bought, plan, left = _begun(console, timed, fresh)
    if more:
        bought = bought.model_copy(update={"given": bought.spent / 60 + timed.minutes})
    print_bought(console, bought)
    print_outline(console, outline_of(plan, left, None))
    found = looked_at(console, plan)
    before, until = bought.spent, 60 * bought.given - bought.spent
    while True:
        at, draws = timed.elapsed(), plan.loaded.suite.budget.seeds
        so_far = partial(_so_far, bought, timed, before, draws)
        studied = carried_out(console, plan, left, found, timed.runs, reports, timed.place, watch,
                              so_far, tracked)
        bought = so_far()
        bought = _after(bought, studied.published)
        if left:
            bought = bought.model_copy(update={
                "last": timed.elapsed() - at - _saved(studied.published, bought)})
        kept.write(timed.path, bought)
        if (settled(studied.published.study, studied.published.verdict)
                or not goes_on(plan, bought, until - timed.elapsed())):
            return studied
        plan = timed.plan(bought, draws + 1)
        left = begin(console, plan, timed.runs, False, timed.place)
        _say_draw(console, studied.published, draws, len(left))


def _begun(console: Console, timed: Timed, fresh: bool
           ) -> tuple[Bought, Plan, list[PlannedRun]]:
    """What is bought, and the plan of the first draw that is not done, or of the last, with its
    runs to do. Where not even one is done, no time is spent yet."""
    bought = timed.buy(console)
    plan = timed.plan(bought, max(1, bought.draws))
    left = begin(console, plan, timed.runs, fresh, timed.place)
    first = min((run.identity.seed for run in left), default=bought.draws)
    bought = _back(bought, first)
    if left:
        plan = timed.plan(bought, first + 1)
        left = begin(console, plan, timed.runs, False, timed.place)
    if not first:
        bought = bought.model_copy(update={"spent": 0.0, "last": 0.0, "given": timed.minutes})
    return bought.model_copy(update={"draws": first}), plan, left


def _back(bought: Bought, draws: int) -> Bought:
    """What was bought, where only so many draws stand: who left after more is there again."""
    return bought.model_copy(update={
        "left": {name: count for name, count in bought.left.items() if count <= draws},
        "ends": {count: spent for count, spent in bought.ends.items() if count <= draws}})


def _after(bought: Bought, published: Published) -> Bought:
    """With who left, and when draws ended, as the report has both."""
    said = published.study.bought
    return bought.model_copy(update={"left": {each.name: each.draws for each in published.left},
                                     "ends": said.ends if said else bought.ends})


def _saved(published: Published, bought: Bought) -> float:
    """Seconds of the last draw that methods had which left after it."""
    return sum(record.cost.shared_seconds for record in published.study.records
               if bought.left.get(record.identity.name) == bought.draws and record.cost
               and record.identity.seed == bought.draws - 1)


def _say_draw(console: Console, published: Published, draws: int, count: int) -> None:
    for each in published.left:
        if each.draws == draws:
            console.print(left_after(each), markup=False, highlight=False)
    console.print(f"draw {draws + 1}: {count} runs", highlight=False)


def goes_on(plan: Plan, bought: Bought, left: float) -> bool:
    """Whether another draw tells more, of methods that are still there, and is done in the seconds
    that are left. A second one, which takes less than the first, where settings were tried, is
    begun while there are any."""
    return gains(plan, bought) and left > (bought.last if bought.draws > 1 else 0.0)


def kept_study(timed: Timed) -> tuple[Plan, Bought]:
    """What a study by minutes has kept. Raises HarnessError where there is none."""
    found = kept.read(timed.path)
    if found is None or not found.draws:
        name = timed.loaded.suite.name
        raise HarnessError(f"no study of {name} in {timed.minutes:g} minutes is kept in "
                           f"{timed.runs}/", f"Run `harness run {name} --minutes "
                           f"{timed.minutes:g}` first.")
    return timed.plan(found, found.draws), found


def _so_far(bought: Bought, timed: Timed, before: float, draws: int) -> Bought:
    spent = before + timed.elapsed()
    return bought.model_copy(update={"draws": draws, "spent": spent,
                                     "ends": {draws: spent} | bought.ends})

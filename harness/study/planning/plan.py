"""Planning: a suite becomes runs, each with an id that names all that determines its result."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.backbones.checkpoint import check_backbone, check_embedder, check_reranker
from harness.backbones.endpoint.endpoint import Endpoint, check_key, get_endpoint, measured_by
from harness.backbones.handle import Handle, get_backbone, get_embedder, get_reranker
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.kinds import General
from harness.common.names import listed
from harness.forgetting.apart import general_passages
from harness.forgetting.catalogue import fetch_general
from harness.forgetting.names import check_suite
from harness.methods.resolve import Entry, resolve
from harness.study.identity import Identity, arm_name
from harness.study.planning.identities import beneath, draws, finding, identity_of
from harness.study.planning.matched import Matched, guest_budgets, matched, own_budget, parts_of
from harness.study.planning.templates import check_templates
from harness.suite import Budget, LoadedSuite, Words
from harness.targets.kinds import KINDS
from harness.targets.metric import Statistic
from harness.tasks.cut import cut_splits
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.task import Task, load_task


@dataclass(frozen=True)
class PlannedRun:
    """One run to do.

    `tuned_by` is the run of the first seed, whose trials choose the setting; None for that run
    itself. `size` is the number of training examples of a point of a learning curve below the
    whole budget, None at the whole budget. `beside` says in what the run is not matched with the
    suite's own budget.
    """

    identity: Identity
    entry: Entry
    budget: Budget
    tuned_by: str | None = None
    size: int | None = None
    beside: tuple[str, ...] = ()

    @property
    def run_id(self) -> str:
        return self.identity.run_id

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of runs that must be finished first."""
        stood_on = (self.tuned_by, self.identity.inner, self.identity.retriever)
        return tuple(i for i in stood_on if i is not None)

    @property
    def title(self) -> str:
        """For people: method, backbone, what is not as in the suite's budget, and seed."""
        on = f" on {self.identity.backbone}" if self.identity.backbone else ""
        of = f", {self.size} examples" if self.size else ""
        beside = "".join(f", {text}" for text in self.beside)
        return f"{self.identity.label}{on}{of or beside}, seed {self.identity.seed}"


@dataclass(frozen=True)
class Plan:
    """All runs of a suite under a profile, in an order that respects what they need."""

    loaded: LoadedSuite
    task: Task
    backbones: dict[str, Handle]
    """Those whose weights are here."""
    embedder: Handle | None
    device: Device
    runs: tuple[PlannedRun, ...]
    parts: tuple[Matched, ...]
    """What the arms that are ranked together share: the suite's own budget first."""
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    """Those that answer elsewhere."""
    rerankers: dict[str, Handle] = field(default_factory=dict)
    """Those that a method's options name."""
    general: dict[General | None, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Passages of general text, by what methods ask for."""
    samples: dict[tuple[int | Words | None, ...], Splits] = field(default_factory=dict, repr=False)
    """By size, draw and words, as they were asked for: items lie in a file, and all runs of a draw
    want the same."""

    @property
    def answering(self) -> tuple[Handle | Endpoint, ...]:
        """All backbones, those whose weights are here first."""
        return (*self.backbones.values(), *self.endpoints.values())

    def here(self, runs: Iterable[PlannedRun]) -> list[PlannedRun]:
        """Those runs that compute on this machine."""
        return [run for run in runs if run.entry.backbone not in self.endpoints]

    def sample(self, budget: Budget, draw: int = 0) -> Splits:
        """The items that a budget allows, with the words that it lets every method read. Draws
        differ in training items alone."""
        size = (budget.train, budget.validation, budget.test, draw)
        if (*size, budget.words) not in self.samples:
            self.samples[*size, budget.words] = cut_splits(self.task.splits.sample(*size),
                                                           budget.words)
        return self.samples[*size, budget.words]


def make_plan(loaded: LoadedSuite, device: Device) -> Plan:
    """Resolve methods, fetch data and backbones, and name every run.

    Everything that can be wrong with a suite is found here. Raises HarnessError.
    """
    entries = resolve(loaded)
    check_suite(loaded)
    fetch_general(loaded.suite.measure.forgetting)
    task = load_task(loaded)
    _check_sizes(loaded, task)
    handles = {name: get_backbone(loaded, name) for name in loaded.suite.weights}
    like = measured_by(handles.values())
    endpoints = {name: get_endpoint(loaded, name, like) for name in loaded.suite.endpoints}
    for endpoint in endpoints.values():
        check_key(loaded, endpoint)
    _check_weights(loaded, handles, entries)
    check_templates(loaded, handles, entries)
    embedder = _whole_embedder(loaded)
    plan = Plan(loaded, task, handles, embedder, device, (), parts_of(loaded.suite, entries),
                endpoints, _rerankers(loaded, entries), _general(loaded, entries))
    runs: list[PlannedRun] = []
    for entry in sorted(entries, key=_stands):
        for size, budget in _budgets(plan, entry):
            # A smaller size may be what a part with fewer examples asks for, too.
            known = {run.run_id for run in runs}
            runs += [run for run in _seeds(plan, entry, size, budget, runs)
                     if run.run_id not in known]
    plan = dataclasses.replace(plan, runs=tuple(runs))
    _check_names(loaded, entries)
    _check_metric(plan)
    return plan


def _stands(entry: Entry) -> bool:
    """Whether it builds on a run of another."""
    return entry.inner is not None or entry.method.retriever is not None


def _check_weights(loaded: LoadedSuite, handles: Mapping[str, Handle], entries: Sequence[Entry]
                   ) -> None:
    """Raise HarnessError where a backbone's weights lack what a method reads of it."""
    for entry in entries:
        handle = handles.get(entry.backbone or "")
        if handle is None:
            continue
        try:
            check_backbone(handle, entry.method.reads(handle.kind))
        except HarnessError as error:
            raise loaded.error(("backbones", handle.name), f"{entry.label}: {error.found}",
                               error.fix) from None


def _whole_embedder(loaded: LoadedSuite) -> Handle | None:
    embedder = get_embedder(loaded)
    try:
        if embedder is not None:
            check_embedder(embedder)
    except HarnessError as error:
        raise loaded.error(("embedder",), error.found, error.fix) from None
    return embedder


def _rerankers(loaded: LoadedSuite, entries: Sequence[Entry]) -> dict[str, Handle]:
    names = dict.fromkeys(e.method.reranks for e in entries if e.method.reranks is not None)
    found = {name: get_reranker(loaded, name) for name in names}
    for name, handle in found.items():
        try:
            check_reranker(handle)
        except HarnessError as error:
            raise loaded.error(("rerankers", name), error.found, error.fix) from None
    return found


def _general(loaded: LoadedSuite, entries: Sequence[Entry]
             ) -> dict[General | None, tuple[str, ...]]:
    """Passages that no figure of forgetting of the suite is measured on."""
    asked = loaded.suite.measure.forgetting
    wanted = {e.method.general for e in entries if e.method.general is not None}
    try:
        return {part: general_passages(part, asked) for part in wanted}
    except HarnessError as error:
        raise loaded.error(("measure",), error.found, error.fix) from None


def _budgets(plan: Plan, entry: Entry) -> Iterator[tuple[int | None, Budget]]:
    """Every budget that a method is run at: its own, those of other backbones that it is cheap
    enough for, and smaller training sizes, which are told, below what its own gives."""
    suite = plan.loaded.suite
    own = own_budget(suite, entry)
    yield None, own
    for budget in guest_budgets(suite, entry):
        yield None, budget
    for size in sorted({size for size in suite.train_sizes if size < own.train}):
        if size < len(plan.sample(own).train):
            yield size, own.model_copy(update={"train": size})


def _check_names(loaded: LoadedSuite, entries: Sequence[Entry]) -> None:
    """Reports name a method by label and backbone: both together must be unique."""
    names = [arm_name(entry.label, entry.backbone) for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise loaded.error((), f"two methods are called '{name}'",
                               "Give one of them another name with `as:`.")


def _check_metric(plan: Plan) -> None:
    """ROC AUC needs items with and without each class among those that every method answers."""
    loaded, labels = plan.loaded, plan.task.labels
    decides = KINDS[plan.task.kind].metric(loaded.suite.decide.metric)
    if decides.statistic is not Statistic.AREA:
        return
    test = min((plan.sample(run.budget).test for run in plan.runs), key=len)
    lacking, ever = (_one_sided(labels, items) for items in (test, plan.task.splits.test))
    if lacking:
        raise loaded.error(
            ("decide", "metric"), f"{decides.name} is not defined on the {len(test)} test items "
            f"that every method answers: none of them, or all, are {listed(lacking)}",
            "Give test items with and without the class, or decide by macro_f1." if ever else
            "Raise `budget: test`, or decide by macro_f1.")


def _one_sided(labels: Sequence[str], items: Sequence[Example]) -> list[str]:
    """Classes that no item has, or every one."""
    counts = Counter(number for item in items for number in item.every_class)
    return [label for number, label in enumerate(labels) if counts[number] in (0, len(items))]


def _seeds(plan: Plan, entry: Entry, size: int | None, budget: Budget,
           before: list[PlannedRun]) -> list[PlannedRun]:
    """The runs of a method at one budget, first seed first."""
    runs: list[PlannedRun] = []
    beside = matched(budget).unlike(plan.parts[0])
    below, found_by = beneath(entry, before, budget), finding(plan, entry, before, budget)
    drawn = entry.method.learns and draws(plan, budget)
    random = entry.method.random or drawn or any(
        run.identity.random for run in (*below, *found_by))
    for seed in range(budget.seeds if random else 1):
        inner, retriever = (runs_[min(seed, len(runs_) - 1)].run_id if runs_ else None
                            for runs_ in (below, found_by))
        identity = identity_of(plan, entry, budget, seed, random, inner, retriever)
        runs.append(PlannedRun(identity, entry, budget, runs[0].run_id if runs else None, size,
                               beside))
    return runs


def _check_sizes(loaded: LoadedSuite, task: Task) -> None:
    """A budget that asks for more items than a split has is honoured with all there are, except
    that no part may be smaller than the number of classes, or two."""
    for part in ("train", "validation", "test"):
        have, need = len(getattr(task.splits, part)), max(2, len(task.labels))
        if have < need:
            raise HarnessError(f"the {part} split has {have} items, {need} are needed",
                               "Give more data.")

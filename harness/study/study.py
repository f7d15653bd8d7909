"""A study: all records of a suite under one profile, with what a reader must know of them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.handle import Handle
from harness.check.finding import Finding
from harness.common.capabilities import INPUTS
from harness.common.kinds import Drawn, Input
from harness.common.now import now
from harness.measure.part import RecordPart
from harness.measure.retrieval import Chunking, chunking
from harness.study.answered import tests_by_size
from harness.study.identity import Limits
from harness.study.minutes.bought import Bought
from harness.study.planning.matched import Matched, matched
from harness.study.planning.plan import Plan
from harness.study.record import Record
from harness.suite import Decide, Exports, Kind, Suite
from harness.targets.kinds import KINDS
from harness.tasks.corpus import Corpus, passages_sha256
from harness.tasks.items import column
from harness.tasks.spread import PartSpread, spreads
from harness.tasks.task import class_counts

SCHEMA_VERSION = 4


class Cut(RecordPart):
    """The corpus cut in another way than the task says, as a method asked for."""

    chunk: Chunking
    passages: int
    passages_sha256: str


class DataFacts(RecordPart):
    """What became of the rows, and how many items each split has."""

    origin: str
    rows: int
    kept: int
    empty: int
    other_label: int
    duplicates: int
    conflicting: int
    groups: int
    unlabelled: int = 0
    documents: int | None = None
    """Of the corpus that questions are answered from."""
    new_documents: int | None = None
    passages: int | None = None
    passages_sha256: str | None = None
    """Over their texts, in their order."""
    cuts: tuple[Cut, ...] = ()
    by_class: dict[str, int]
    train: int
    validation: int
    test: int
    calibration: int = 0
    """Where that is a part of its own."""
    splits_sha256: str
    tests: dict[int, str] = Field(default_factory=dict)
    """Number of test items that budgets allow, to the hash of their ids and targets; older studies
    have none."""
    disjoint: bool
    """Whether no group and no folded text stands in two splits, checked on the splits used."""
    over: Drawn = "items"
    """How the budgets draw test items."""
    spread: tuple[PartSpread, ...] = ()
    """Groups by part and class, where items share groups."""


class BackboneFacts(RecordPart):
    """A backbone of the study."""

    name: str
    kind: str
    origin: str
    sha256: str
    notes: tuple[str, ...]
    budget: Limits


class Study(RecordPart):
    """Everything a report is made of. Times are UTC, ISO 8601."""

    schema_version: int = SCHEMA_VERSION
    suite: str
    title: str
    description: str
    profile: str
    decide: Decide
    created: str
    suite_sha256: str
    kind: Kind = "classification"
    """Of the task."""
    input: Input = "text"
    """What its items are."""
    labels: tuple[str, ...]
    budget: Limits
    data: DataFacts
    backbones: tuple[BackboneFacts, ...]
    records: tuple[Record, ...]
    parts: tuple[Matched, ...] = ()
    """What the arms that are ranked together share, the suite's own budget first; older studies
    have none, and rank all of their arms together."""
    train_sizes: tuple[int, ...] = ()
    """Smaller ones, that every method was asked for."""
    unfinished: tuple[str, ...] = ()
    """Titles of planned runs that have no record yet."""
    bought: Bought | None = None
    """What so many minutes bought of the suite; None where its budget was written down."""
    findings: tuple[Finding, ...] = ()
    """What the checks of the data found, errors first."""

    @property
    def items(self) -> str:
        """What its items are, for people."""
        own = INPUTS[self.input]
        return KINDS[self.kind].items if own.in_words else own.items

    @property
    def metrics(self) -> tuple[str, ...]:
        """What runs of this kind of task are measured by."""
        figures = [record.figures for record in self.records if record.figures]
        added = {name for record in self.records for name in record.added}
        own = [metric.name for metric in KINDS[self.kind].own if metric.always or any(
            found.get(metric.name) is not None for found in figures)]
        return (*own, *sorted(added))

    def of_part(self, part: Matched) -> tuple[Record, ...]:
        """The records that are ranked together."""
        return tuple(r for r in self.records if matched(r.identity.budget) == part)

    def around(self, part: Matched) -> tuple[Record, ...]:
        """Those, and the smaller training sizes of their learning curves."""
        sizes = {part.train, *self.train_sizes}
        return tuple(r for r in self.records if r.identity.train in sizes
                     and matched(r.identity.budget | {"train": part.train}) == part)

    def whole(self) -> tuple[Record, ...]:
        """The records at the whole budget: all but the smaller sizes of learning curves."""
        if self.parts:
            parts = set(self.parts)
            return tuple(r for r in self.records if matched(r.identity.budget) in parts)
        train = {None: self.budget["train"]} | {b.name: b.budget["train"] for b in self.backbones}
        return tuple(r for r in self.records
                     if r.identity.train == train[r.identity.backbone])


def make_study(plan: Plan, records: Mapping[str, Record], findings: tuple[Finding, ...] = (),
               bought: Bought | None = None) -> Study:
    """The plan's facts with its records, in the plan's order."""
    suite = plan.loaded.suite
    return Study(
        suite=suite.name, title=suite.title, description=suite.description,
        profile=plan.loaded.profile, decide=suite.decide,
        created=now(),
        suite_sha256=plan.loaded.digest, kind=plan.task.kind,
        input=plan.task.input, labels=plan.task.labels,
        budget=suite.budget.model_dump(), data=_data_facts(plan),
        backbones=tuple(_backbone_facts(suite, one) for one in plan.answering),
        records=tuple(_with_exports(records[run.run_id], suite.measure.exports)
                      for run in plan.runs if run.run_id in records),
        parts=plan.parts, train_sizes=suite.train_sizes,
        unfinished=tuple(run.title for run in plan.runs if run.run_id not in records),
        bought=bought, findings=findings,
    )


def _with_exports(record: Record, asked: Exports | None) -> Record:
    """With those exports alone that the suite asks for now."""
    wanted = () if asked is None or (
        asked.methods is not None and record.identity.label not in asked.methods) else asked.to
    kept = {to: found for to, found in record.exports.items() if to in wanted}
    return record if kept == record.exports else record.model_copy(update={"exports": kept})


def _backbone_facts(suite: Suite, one: Handle | Endpoint) -> BackboneFacts:
    return BackboneFacts(name=one.name, kind=one.kind, origin=one.origin, sha256=one.sha256,
                         notes=one.notes, budget=suite.budget_for(one.name).model_dump())


def _cuts(plan: Plan, corpus: Corpus) -> tuple[Cut, ...]:
    chunks = dict.fromkeys(chunk for run in plan.runs for chunk in run.entry.method.chunks)
    corpora = [corpus.cut(chunk) for chunk in chunks]
    return tuple(Cut(chunk=chunking(cut.chunk), passages=cut.facts.passages,
                     passages_sha256=passages_sha256(cut.passages()["text"].to_pylist()))
                 for cut in corpora)


def _data_facts(plan: Plan) -> DataFacts:
    facts, splits, corpus = plan.task.facts, plan.task.splits, plan.task.corpus
    parts = (splits.train, splits.validation, splits.test)
    held = (*parts, splits.calibration) if len(splits.calibration) else parts
    ids, groups = ([set(column(part, key)) for part in held] for key in ("id", "group"))
    return DataFacts(
        origin=plan.task.origin, rows=facts.rows, kept=facts.kept, empty=facts.empty,
        other_label=facts.other_label, unlabelled=facts.unlabelled, duplicates=facts.duplicates,
        conflicting=facts.conflicting, groups=facts.groups,
        documents=corpus.facts.documents if corpus else None,
        new_documents=corpus.facts.new_documents if corpus else None,
        passages=corpus.facts.passages if corpus else None,
        passages_sha256=passages_sha256(corpus.passages()["text"].to_pylist()) if corpus else None,
        cuts=_cuts(plan, corpus) if corpus else (),
        by_class=class_counts(parts, plan.task.labels) if plan.task.labels else {},
        train=len(splits.train), validation=len(splits.validation), test=len(splits.test),
        calibration=len(splits.calibration),
        splits_sha256=splits.sha256,
        tests=tests_by_size(splits.test, {run.budget.test for run in plan.runs}, plan.task.kind,
                            plan.task.labels, plan.loaded.suite.budget.words),
        disjoint=_disjoint(ids) and _disjoint(groups),
        over=splits.over,
        spread=spreads(splits, plan.sample(plan.loaded.suite.budget), plan.task.labels)
        if facts.groups < facts.kept else (),
    )


def _disjoint(sets: list[set[str]]) -> bool:
    return len(set().union(*sets)) == sum(map(len, sets))

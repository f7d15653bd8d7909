"""What `study.json` holds: the study and everything its views need."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from harness.check.finding import Finding, item_of
from harness.common.errors import HarnessError
from harness.common.sealed import sealed, unsealed
from harness.compare.arms import Arm, Measured, Predictions, arms_of, measure_arms
from harness.compare.calibration import Reliability, reliabilities
from harness.compare.carried import Carried, carried_losses
from harness.compare.conditions import Conditions, conditions
from harness.compare.curves import LearningCurves, learning_curves
from harness.compare.disagreements import Disagreement, disagreements
from harness.compare.fairness import Fairness, fairness
from harness.compare.freshness import Freshness, freshness
from harness.compare.gains import Gains, gains
from harness.compare.leaving import Left, leavers
from harness.compare.matching import matching_rules
from harness.compare.rule import Rule
from harness.compare.same_weights import SameWeights, same_weights
from harness.compare.shipping import Exported, Shipping, shipping
from harness.compare.summary import Summary, summarise
from harness.compare.verdict import Verdict, decide
from harness.measure.part import RecordPart
from harness.report.thumbnails import thumbnails
from harness.study.minutes.bought import Bought
from harness.study.planning.matched import Matched
from harness.study.planning.plan import Plan
from harness.study.record import Record
from harness.study.store import Store
from harness.study.study import Study, make_study

Thumbnail = Annotated[str, StringConstraints(
    pattern=r"^data:image/webp;base64,[A-Za-z0-9+/]+=*$", max_length=8_000)]
"""A small picture as it stands in a page."""
FIRST_SEALED = 3
"""The schema version from which on a file carries the hash of its content."""


class Beside(RecordPart):
    """Arms of another matched budget: ranked with each other, never with the main ones."""

    part: Matched
    title: str
    """In what it departs from the suite's own budget."""
    summary: Summary
    verdict: Verdict
    conditions: tuple[Conditions, ...] = ()
    curves: LearningCurves | None = None
    shipping: Shipping | None = None

    @property
    def alone(self) -> bool:
        """Whether there is nothing to rank: one arm."""
        return len(self.summary.rows) == 1


class Published(RecordPart):
    """A study, compared. Every view is rebuilt from this alone.

    Verdict, summary and what follows are of the arms of the suite's own budget, or of the study's
    first matched budget where no arm has that.
    """

    study: Study
    verdict: Verdict
    summary: Summary
    beside: tuple[Beside, ...] = ()
    """The arms of other budgets, in the study's order; older files have none."""
    conditions: tuple[Conditions, ...] = ()
    """What each arm was given and how far it came, best first; older files have none."""
    curves: LearningCurves | None
    freshness: Freshness | None = None
    """Of a task with documents that are new after training."""
    gains: tuple[Gains, ...] = ()
    """Whether the gains of tuning and of retrieval add up; older files have none."""
    left: tuple[Left, ...] = ()
    """Methods that left a study by minutes before its end, or would leave it now."""
    calibration: tuple[Reliability, ...]
    carried: dict[str, Carried] = Field(default_factory=dict)
    """Methods whose log loss a few groups of items carry; older files have none."""
    disagreements: tuple[Disagreement, ...]
    same_weights: tuple[SameWeights, ...] = ()
    """Endpoints that answer with weights of the study; older files have none."""
    rules: tuple[Rule, ...]
    shipping: Shipping | None = None
    """What arms are once exported; None where the suite asks for none, and in older files."""
    fairness: Fairness | None = None
    """None where no slice column is declared; older files have none."""
    thumbnails: dict[str, Thumbnail] = Field(default_factory=dict)
    """Of the pictures that the page shows, by item; older files have none."""
    sha256: str = ""
    """In a file, of all the rest."""

    def of(self, beside: Beside) -> Published:
        """The study as its verdict is on the arms of another budget."""
        return self.model_copy(update={
            "verdict": beside.verdict, "summary": beside.summary, "curves": beside.curves,
            "conditions": beside.conditions, "shipping": beside.shipping, "beside": ()})


def publish(study: Study, predictions: Predictions, texts: Mapping[str, str],
            thumbnails: Callable[[Collection[str]], dict[str, str]] = lambda items: {},
            exported: Exported | None = None) -> Published:
    """Compare a study.

    `predictions` gives the per-item table of a run id, `texts` the test items' texts, or what
    pictures are called, by item id, `thumbnails` the pictures of items by id, and `exported` the
    table of a run id and a format, where exports are compared.
    """
    once = cache(predictions)
    main, *others = study.parts or (None,)
    found = _compared(study, main, once, exported)
    ranked, measured, summary = found.ranked, found.measured, found.summary
    apart = disagreements(ranked, measured, texts, summary.metric) if measured else ()
    beside = tuple(_beside(study, main, part, once, exported) for part in others
                   if main and study.of_part(part))
    decided = [(summary, found.verdict), *((view.summary, view.verdict) for view in beside)]
    left = tuple(each for at, verdict in decided for each in leavers(study, at, verdict))
    return Published(
        thumbnails=thumbnails([*(one.item for one in apart), *_found_in(study)]),
        study=study, summary=summary, verdict=found.verdict, curves=found.curves,
        conditions=conditions(ranked),
        beside=beside, left=left,
        freshness=freshness(ranked, measured, summary.metric) if measured else None,
        gains=gains(ranked, measured, summary.metric, study.decide.matters) if measured else (),
        calibration=reliabilities(ranked, measured) if measured else (),
        carried=carried_losses(ranked, measured) if measured else {},
        disagreements=apart,
        same_weights=same_weights(ranked, measured) if measured else (),
        rules=matching_rules(study, once, left),
        shipping=found.shipping,
        fairness=fairness(ranked, measured, study.labels, once) if measured else None)


def published_of(plan: Plan, records: Mapping[str, Record], store: Store,
                 found: tuple[Finding, ...], bought: Bought | None = None) -> Published:
    """A plan's study by the records there are, compared."""
    most = max(run.budget.test for run in plan.runs)
    texts = {example.id: example.brief for example in plan.task.splits.test[:most]}
    return publish(make_study(plan, records, found, bought), store.predictions, texts,
                   partial(thumbnails, plan), store.exported)


def _found_in(study: Study) -> list[str]:
    """Items that the checks show."""
    return [item for finding in study.findings for example in finding.examples
            if (item := item_of(example)) is not None]


@dataclass(frozen=True)
class _Compared:
    """What is said of arms that are ranked together."""

    ranked: tuple[Arm, ...]
    """Best first."""
    measured: Measured | None
    summary: Summary
    verdict: Verdict
    curves: LearningCurves | None
    shipping: Shipping | None


def _compared(study: Study, part: Matched | None, predictions: Predictions,
              exported: Exported | None) -> _Compared:
    """The arms of one matched budget, on the items that they and their smaller sizes answered;
    all arms where none is named."""
    records = study.records if part is None else study.around(part)
    arms = arms_of(study.whole() if part is None else study.of_part(part))
    measured = measure_arms(records, study.kind, study.labels, predictions)
    summary = summarise(study, arms, measured)
    place = {row.name: i for i, row in enumerate(summary.rows)}
    ranked = tuple(sorted(arms, key=lambda arm: place[arm.name]))
    return _Compared(ranked, measured, summary, decide(summary, study.decide),
                     learning_curves(arms_of(records), measured, summary.metric)
                     if measured else None,
                     shipping(study, ranked, measured, summary, predictions, exported)
                     if measured and exported else None)


def _beside(study: Study, main: Matched, part: Matched, predictions: Predictions,
            exported: Exported | None) -> Beside:
    found = _compared(study, part, predictions, exported)
    said = ", ".join(part.unlike(main))
    return Beside(part=part, title=said[0].upper() + said[1:], summary=found.summary,
                  verdict=found.verdict, curves=found.curves,
                  conditions=conditions(found.ranked), shipping=found.shipping)


def published_schema() -> str:
    """The JSON schema of `study.json`."""
    return json.dumps(Published.model_json_schema(mode="serialization"), indent=1) + "\n"


def published_json(published: Published) -> str:
    """The content of a `study.json`."""
    return sealed(published.model_dump_json())


def read_published(path: Path) -> Published:
    """Read a `study.json`. Raises HarnessError when it is missing or not one."""
    try:
        return published_in(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}", "Run the suite first.") from None
    except UnicodeDecodeError:
        raise _not_one(path) from None


def published_in(text: str, path: Path) -> Published:
    """From the content of a `study.json`. Raises HarnessError, which names `path`, when it is none.
    """
    try:
        fields = json.loads(text)
        if fields["study"]["schema_version"] >= FIRST_SEALED:
            fields = _unsealed(text, path)
        return Published.model_validate(fields)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _not_one(path) from None


def _not_one(path: Path) -> HarnessError:
    return HarnessError(f"{path}: not a study of this version",
                        "Make it again with `harness report SUITE`.")


def _unsealed(text: str, path: Path) -> dict[str, Any]:
    try:
        return unsealed(text)
    except ValueError as error:
        raise HarnessError(f"{path}: {error}",
                           "Make it again with `harness report SUITE`.") from None

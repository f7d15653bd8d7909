"""What `study.json` holds: the study and everything its views need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from harness.common.errors import HarnessError
from harness.compare.arms import Predictions, arms_of, measure_arms
from harness.compare.calibration import Reliability, reliabilities
from harness.compare.curves import LearningCurves, learning_curves
from harness.compare.disagreements import Disagreement, disagreements
from harness.compare.matching import Rule, matching_rules
from harness.compare.summary import Summary, summarise
from harness.compare.verdict import Verdict, decide
from harness.measure.part import RecordPart
from harness.study.study import Study


class Published(RecordPart):
    """A study, compared. Every view is rebuilt from this alone."""

    study: Study
    verdict: Verdict
    summary: Summary
    curves: LearningCurves | None
    calibration: tuple[Reliability, ...]
    disagreements: tuple[Disagreement, ...]
    rules: tuple[Rule, ...]


def publish(study: Study, predictions: Predictions, texts: Mapping[str, str]) -> Published:
    """Compare a study.

    `predictions` gives the per-item table of a run id, `texts` the test items' texts by item id.
    """
    once = cache(predictions)
    measured = measure_arms(study.records, study.labels, once)
    arms = arms_of(study.whole())
    summary = summarise(study, arms, measured)
    place = {row.name: i for i, row in enumerate(summary.rows)}
    ranked = sorted(arms, key=lambda arm: place[arm.name])
    return Published(
        study=study, summary=summary, verdict=decide(summary, study.decide),
        curves=(learning_curves(arms_of(study.records), measured, summary.metric)
                if measured else None),
        calibration=reliabilities(ranked, measured) if measured else (),
        disagreements=disagreements(ranked, measured, study.labels, texts) if measured else (),
        rules=matching_rules(study, once))


def published_schema() -> str:
    """The JSON schema of `study.json`."""
    return json.dumps(Published.model_json_schema(mode="serialization"), indent=1) + "\n"


def read_published(path: Path) -> Published:
    """Read a `study.json`. Raises HarnessError when it is missing or not one."""
    try:
        return Published.model_validate_json(path.read_text())
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}", "Run the suite first.") from None
    except (ValidationError, UnicodeDecodeError):
        raise HarnessError(f"{path}: not a study of this version",
                           "Make it again with `harness report SUITE`.") from None

"""What `study.json` holds: the study and everything its views need."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import ValidationError

from harness.common.errors import HarnessError
from harness.compare.matching import Rule, matching_rules
from harness.compare.summary import Predictions, Summary, summarise
from harness.measure.part import RecordPart
from harness.study.study import Study


class Published(RecordPart):
    """A study, compared. Pages are rebuilt from this alone."""

    study: Study
    summary: Summary
    rules: tuple[Rule, ...]


def publish(study: Study, predictions: Predictions) -> Published:
    """Compare a study. `predictions` gives the per-item table of a run id."""
    once = cache(predictions)
    return Published(study=study, summary=summarise(study, once),
                     rules=matching_rules(study, once))


def read_published(path: Path) -> Published:
    """Read a `study.json`. Raises HarnessError when it is missing or not one."""
    try:
        return Published.model_validate_json(path.read_text())
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}", "Run the suite first.") from None
    except (ValidationError, UnicodeDecodeError):
        raise HarnessError(f"{path}: not a study of this version",
                           "Make it again with `harness report SUITE`.") from None

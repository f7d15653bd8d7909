"""A harness run as a W&B run: its curve, its figures, what it answered, what it saved."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.common.files import sha256_json
from harness.report.dashboard.opened import Card
from harness.report.dashboard.predictions import log_predictions
from harness.report.published import Published
from harness.study.planning.plan import Plan
from harness.study.record import Record
from harness.study.store import Store

QUALITY = "quality"
"""The part of a run that its kind of task is measured by."""


@dataclass(frozen=True)
class Heading:
    """What the runs of a study share."""

    suite: str
    profile: str
    suite_sha256: str
    labels: tuple[str, ...]

    @property
    def group(self) -> str:
        """What they are grouped by."""
        return f"{self.suite} {self.profile} {self.suite_sha256[:8]}"


def heading_of(plan: Plan) -> Heading:
    """Of a plan's runs."""
    loaded = plan.loaded
    return Heading(loaded.suite.name, loaded.profile, loaded.digest, tuple(plan.task.labels))


def heading_in(published: Published) -> Heading:
    """Of a study's."""
    study = published.study
    return Heading(study.suite, study.profile, study.suite_sha256, study.labels)


def card_of(record: Record, heading: Heading) -> Card:
    """What the W&B run of a record is shown by. Its id is that of one carrying out: what is
    measured later is of the same, and a run that was made again is another."""
    seconds = record.cost.stand_alone_seconds if record.cost else None
    made = [record.identity.run_id, record.status.state, record.predictions_sha256, seconds]
    return Card(heading.suite, sha256_json(made)[:16], _name(record), heading.group,
                record.identity.label, _config(record), record.status.state != "ok")


def told(record: Record) -> str:
    """The hash of what W&B is told of a record beside its table."""
    return sha256_json([summary_of(record), _config(record)])


def log_record(run: Any, record: Record, store: Store, heading: Heading, online: bool) -> None:
    """Log all of a record. What the service has of it already, by its steps, it does not take
    again."""
    for point in record.curve:
        losses = {"train/loss": point.train_loss, "epoch": point.epoch}
        if point.validation_loss is not None:
            losses["validation/loss"] = point.validation_loss
        if point.validation_score is not None:
            losses["validation/score"] = point.validation_score
        run.log(losses, step=point.step)
    if record.kind is not None:
        last = max((point.step for point in record.curve), default=0)
        log_predictions(run, store.predictions(record.identity.run_id), record.kind,
                        heading.labels, online, last + 1)
    log_figures(run, record)


def log_figures(run: Any, record: Record) -> None:
    """Log what a record measured, in place of what it had before."""
    for name, value in summary_of(record).items():
        run.summary[name] = value


def summary_of(record: Record) -> dict[str, float | int | str]:
    """The figures of a record, flat, as they appear in W&B."""
    parts = {QUALITY: record.answered, "cost": record.cost, "latency": record.latency,
             "latency_apart": record.latency_apart, "merge": record.merge, "size": record.size}
    found: dict[str, float | int | str] = {"state": record.status.state}
    for part, values in parts.items():
        if values is not None:
            found |= {f"{part}/{name}": value for name, value in values
                      if isinstance(value, int | float) and not isinstance(value, bool)}
    forgetting = record.forgetting
    if forgetting and forgetting.mean:
        found["forgetting/difference"] = forgetting.mean.difference
    if forgetting and forgetting.drift:
        found["forgetting/drift_nats"] = forgetting.drift.difference
    return {name: value for name, value in found.items()
            if isinstance(value, str) or np.isfinite(value)}


def send_artifact(run: Any, record: Record, store: Store) -> None:
    """Send what a run's method saved: weights and configuration alone, for model cards name local
    folders, and vocabularies hold texts."""
    import wandb

    folder = store.artifact(record.identity.run_id)
    if folder.is_dir():
        kept = wandb.Artifact(f"{record.identity.run_id}", type="adapter")
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".safetensors" or path.name == "adapter_config.json":
                kept.add_file(str(path), name=path.relative_to(folder).as_posix())
        run.log_artifact(kept)


def _config(record: Record) -> dict[str, Any]:
    identity = record.identity
    options = {name: value for name, value in identity.options.items()
               if not (isinstance(value, str) and ("/" in value or os.sep in value))}
    return {"run_id": identity.run_id, "method": identity.label, "family": identity.family,
            "backbone": identity.backbone, "seed": identity.seed, "budget": identity.budget,
            "options": options, "setting": record.setting, "device": record.environment.device,
            "autocast": identity.autocast, "libraries": identity.libraries}


def _name(record: Record) -> str:
    identity = record.identity
    return f"{identity.name}, {identity.budget['train']} examples, seed {identity.seed}"

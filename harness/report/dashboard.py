"""Weights & Biases: one W&B run a harness run, and one for the study with tables and verdict.

Everything is made from finished records, so W&B can neither slow a run nor lose one. Online when
the user is logged in, else offline under the runs' folder (`wandb sync` sends it later). Neither
arguments, paths, host, user, code nor item texts are sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from harness.common.files import sha256_json, write_atomic
from harness.report import alike, beside, ranking, sentences
from harness.report.figures import figures
from harness.report.published import Published
from harness.study.record import Record
from harness.study.store import Store

QUALITY = "quality"
"""The part of a run that its kind of task is measured by."""
MOST_ITEMS = 2000
"""Predictions of runs with more test items are left out."""
SENT = "wandb.json"
START_SECONDS = 20


Mode = Literal["online", "offline", "disabled", "shared"]


@dataclass(frozen=True)
class Destination:
    """Where W&B keeps a study: its mode, and the local folder."""

    mode: Mode
    folder: Path


def log_study(published: Published, store: Store, artifacts: bool) -> tuple[int, str]:
    """Send what was not sent yet, with what methods saved where that is asked.

    Returns the number of W&B runs written, and the mode. A record that changed since (forgetting
    or latency came in) is a new W&B run.
    """
    if os.environ.get("WANDB_MODE") == "disabled":
        return 0, "disabled"
    path = store.folder / SENT
    sent: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    digests = {sha256_json(r.model_dump(mode="json")): r for r in published.study.records}
    whole = sha256_json([sorted(digests), published.verdict.model_dump(mode="json")])
    if whole in sent:
        return 0, "nothing is new"
    to, group, before = _destination(store.folder), _group(published), len(sent)
    try:
        for digest, record in digests.items():
            if digest in sent:
                continue
            with _run(published, to, digest, _name(record), group, record.identity.label,
                      _config(record)) as run:
                _log_record(run, record, store.predictions if record.figures else None)
                if artifacts and record.status.state == "ok":
                    _send_artifact(run, record, store)
            sent[digest] = _name(record)
        with _run(published, to, whole, f"study {published.study.profile}", group, "study",
                  dict(published.study.budget)) as run:
            _log_comparison(run, published)
            if to.mode == "online":
                _save_workspace(run, published)
        sent[whole] = "study"
    finally:
        write_atomic(path, json.dumps(sent, indent=1))
    return len(sent) - before, to.mode


def _destination(folder: Path) -> Destination:
    """`WANDB_MODE` where it is set, else online for a user who is logged in, else offline."""
    import wandb

    asked = os.environ.get("WANDB_MODE")
    if asked in get_args(Mode):
        return Destination(cast(Mode, asked), folder)
    return Destination("online" if wandb.login(prompt=False) else "offline", folder)


@contextmanager
def _run(published: Published, to: Destination, digest: str, name: str, group: str,
         job_type: str, config: dict[str, Any]) -> Iterator[Any]:
    import wandb

    # Emptied: wandb fills these in from the machine otherwise.
    settings = wandb.Settings(
        disable_git=True, disable_code=True, save_code=False, disable_job_creation=True,
        console="off", x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True,
        x_save_requirements=False, host="", username="", email="", program="harness",
        program_relpath="harness", program_abspath="", silent=True, init_timeout=START_SECONDS)
    to.folder.mkdir(parents=True, exist_ok=True)
    with wandb.init(project=published.study.suite, group=group, job_type=job_type[:64], name=name,
                    id=digest[:16], dir=str(to.folder), config=config, mode=to.mode,
                    settings=settings) as run:
        yield run


def _log_record(run: Any, record: Record, predictions: Callable[[str], pa.Table] | None) -> None:
    import wandb

    for point in record.curve:
        losses = {"train/loss": point.train_loss, "epoch": point.epoch}
        if point.validation_loss is not None:
            losses["validation/loss"] = point.validation_loss
        if point.validation_score is not None:
            losses["validation/score"] = point.validation_score
        run.log(losses, step=point.step)
    for name, value in summary_of(record).items():
        run.summary[name] = value
    if predictions is None:
        return
    table = predictions(record.identity.run_id)
    if table.num_rows <= MOST_ITEMS:
        columns = [c for c in table.column_names if c in ("item", "target", "answer")
                   or c.startswith(("p:", "m:"))]
        rows = zip(*(table[c].to_pylist() for c in columns), strict=True)
        run.log({"predictions": wandb.Table(columns=columns, data=[list(row) for row in rows])})


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


def _log_comparison(run: Any, published: Published) -> None:
    import wandb

    run.summary["verdict"] = sentences.headline(published)
    run.summary["why"] = " ".join(sentences.why(published))
    run.summary["doubts"] = " ".join(alike.doubts(published))
    run.summary["standing"] = ranking.standing(published.summary)
    metric = published.summary.metric
    views = {"": published} | {part.title: published.of(part) for part in published.beside}
    for part, view in beside.ranked(published):
        run.summary[f"verdict/{part.title}"] = sentences.headline(view)
    rows = [[part, row.label, row.backbone, figure.mean, figure.low, figure.high, row.standing,
             row.forgot.difference.mean if row.forgot and row.forgot.difference else None,
             row.device_hours, row.p50_ms, row.artifact_bytes]
            for part, view in views.items()
            for row in view.summary.rows if (figure := row.common.get(metric))]
    run.log({"methods": wandb.Table(data=rows, columns=[
        "part", "method", "backbone", metric, "low", "high", "standing", "forgetting",
        "device_hours", "p50_ms", "artifact_bytes"])})
    given = [[title, row.name, *(f"{text} (unlike)" if unlike else text
                                 for text, unlike in alike.cells(row))]
             for title, rows_ in alike.tables(published) for row in rows_]
    if given:
        run.log({"matching": wandb.Table(data=given, columns=["part", "method", *alike.HEADINGS])})
    pairs = [[part, pair.first, pair.second, d.difference, d.low, d.high, d.adjusted]
             for part, view in views.items()
             for pair in view.summary.pairs if (d := pair.differences.get(metric))]
    if pairs:
        run.log({"pairs": wandb.Table(data=pairs, columns=[
            "part", "first", "second", "difference", "low", "high", "p_corrected"])})
    for name, drawn in figures(published).items():
        run.log({f"figures/{name}": wandb.Plotly(go.Figure(drawn))})


def _send_artifact(run: Any, record: Record, store: Store) -> None:
    import wandb

    folder = store.artifact(record.identity.run_id)
    if folder.is_dir():
        kept = wandb.Artifact(f"{record.identity.run_id}", type="adapter")
        # Weights and configuration alone: model cards name local folders, vocabularies hold texts.
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".safetensors" or path.name == "adapter_config.json":
                kept.add_file(str(path), name=path.relative_to(folder).as_posix())
        run.log_artifact(kept)


def _save_workspace(run: Any, published: Published) -> None:
    """A workspace that shows the study, where `wandb-workspaces` is installed."""
    try:
        import wandb_workspaces.reports.v2 as panels
        import wandb_workspaces.workspaces as workspaces
    except ImportError:
        return
    metric = published.summary.metric
    shown = [panels.BarPlot(title=title, metrics=[name], groupby="method") for title, name in (
        (metric, f"{QUALITY}/{metric}"), ("Forgetting", "forgetting/difference"),
        ("Device-hours", "cost/device_hours"), ("Median latency, ms", "latency/p50_ms"))]
    shown.append(panels.LinePlot(title="Validation loss", x="epoch", y=["validation/loss"]))
    workspaces.Workspace(
        entity=run.entity, project=run.project, name=published.study.title,
        sections=[workspaces.Section(name="Study", panels=shown, is_open=True)]).save()


def _config(record: Record) -> dict[str, Any]:
    identity = record.identity
    options = {name: value for name, value in identity.options.items()
               if not (isinstance(value, str) and ("/" in value or os.sep in value))}
    return {"run_id": identity.run_id, "method": identity.label, "family": identity.family,
            "backbone": identity.backbone, "seed": identity.seed, "budget": identity.budget,
            "options": options, "setting": record.setting, "device": record.environment.device,
            "autocast": identity.autocast, "libraries": identity.libraries}


def _group(published: Published) -> str:
    study = published.study
    return f"{study.suite} {study.profile} {study.suite_sha256[:8]}"


def _name(record: Record) -> str:
    identity = record.identity
    return f"{identity.name}, {identity.budget['train']} examples, seed {identity.seed}"

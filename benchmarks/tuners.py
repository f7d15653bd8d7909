"""Every tuner of the installed PEFT on the real packaged models, whole.

Each is fitted with PEFT's defaults (and the harness's where PEFT has none that fits) on a few
texts of the legal suite, saved, loaded and asked again. Writes
`benchmarks/results/tuners.json` and `.md`. `python -m benchmarks.tuners`, or with the names of
some tuners.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

from benchmarks.kept import keep
from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import get_backbone
from harness.common.clock import Clock
from harness.common.device import detect
from harness.common.errors import CannotRunError, HarnessError
from harness.methods import register_all
from harness.methods.adapters.presets import AnyPeft
from harness.methods.adapters.tuners import method_name
from harness.methods.job import Job
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.suite import load_suite
from harness.tasks.task import load_task

SUITE = Path(__file__).parents[1] / "suites" / "legal.yaml"
TRAIN, HELD, EPOCHS, BATCH, LENGTH = 8, 4, 1, 4, 48
TOLERANCE = 2e-4


@dataclasses.dataclass(frozen=True)
class Tried:
    """One tuner on one backbone. `reason` says why it did not work."""

    tuner: str
    backbone: str
    reason: str | None = None
    trainable: int | None = None
    seconds: float | None = None
    """Of one fit, loading the model included."""
    apart: float | None = None
    """Largest difference of a probability after saving and loading."""

    @property
    def works(self) -> bool:
        return self.reason is None


def jobs() -> dict[str, Job]:
    """A small job on each backbone of the legal suite."""
    register_all()
    suite = load_suite(SUITE, "standard")
    task = load_task(suite)
    splits = task.splits.sample(TRAIN, HELD, HELD)
    budget = suite.suite.budget.model_copy(
        update={"epochs": EPOCHS, "steps": 1, "batch": BATCH, "max_length": LENGTH})
    return {name: Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
                      validation=splits.validation, budget=budget, seed=0, device=detect(),
                      clock=Clock(), store=FeatureStore(None), backbone=get_backbone(suite, name))
            for name in suite.suite.backbones}


def attempt(tuner: str, backbone: str, job: Job) -> Tried:
    """Fit, ask, save, load and ask again."""
    try:
        method = AnyPeft({"peft_type": tuner})
        setting = method.settings(job)[0]
        start = time.perf_counter()
        fitted = fit_once(method, job, setting).fit.fitted
        seconds = time.perf_counter() - start
    except (CannotRunError, HarnessError) as error:
        found = error.found if isinstance(error, HarnessError) else str(error)
        return Tried(tuner, backbone, " ".join(found.split()))
    test = job.task.splits.test
    answers = fitted.predict(test, Clock())
    with tempfile.TemporaryDirectory() as folder:
        fitted.save(Path(folder))
        trainable = fitted.parameters[0]
        del fitted
        loaded = method.load(job, setting, Path(folder)).predict(test, Clock())
    apart = float(np.abs(loaded - answers).max())
    reason = f"answers differ by {apart:.1e} after loading" if apart > TOLERANCE else None
    return Tried(tuner, backbone, reason, trainable, seconds, apart)


def cell(tried: Tried) -> str:
    """One cell of the table."""
    if tried.trainable is None:
        return "–"
    return f"{tried.trainable:,} parameters, {tried.seconds:.1f} s"


def report(tried: list[Tried], device: str, autocast: str) -> str:
    """The table in Markdown."""
    backbones = list(dict.fromkeys(t.backbone for t in tried))
    rows = {tuner: [t for t in tried if t.tuner == tuner]
            for tuner in dict.fromkeys(t.tuner for t in tried)}
    title = f"The {len(rows)} tuners of PEFT {version('peft')} on the packaged models"
    counts = [f"{sum(t.works for t in tried if t.backbone == name)} of {len(rows)} on {name}"
              for name in backbones]
    differences = [t.apart for t in tried if t.apart is not None]
    return "\n".join([
        f"# {title}", "",
        f"Fitted, saved, loaded and asked again: {', '.join(counts)}. {device}, autocast "
        f"{autocast}; {TRAIN} texts of the legal suite of {LENGTH} tokens, "
        f"{EPOCHS * TRAIN // BATCH} steps, PEFT's defaults, and the harness's where PEFT has none "
        f"that fits. Largest difference of a probability after loading: {max(differences):.1e}. "
        "What learns includes an encoder's head. Seconds are of one fit, loading included, timed "
        "once beside whatever else the machine did: orders of magnitude.", "",
        f"| tuner | method | {' | '.join(backbones)} | reason |",
        f"|---|---|{'---|' * len(backbones)}---|",
        *(f"| {tuner} | {method_name_of(tuner)} | {' | '.join(map(cell, row))} | "
          f"{'; '.join(dict.fromkeys(f'{t.backbone}: {t.reason}' for t in row if t.reason))} |"
          for tuner, row in rows.items()), ""])


def method_name_of(tuner: str) -> str:
    """The method's name in a suite."""
    name = method_name(next(t for t in PEFT_TYPE_TO_CONFIG_MAPPING if t.value == tuner))
    return f"`{name}`" if name in METHODS else ""


def main() -> None:
    """Try all, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = [tuner.value for tuner in PEFT_TYPE_TO_CONFIG_MAPPING]
    parser.add_argument("tuners", nargs="*", default=known)
    asked = parser.parse_args().tuners
    here, tried = jobs(), []
    for tuner in asked:
        for backbone, job in here.items():
            tried.append(attempt(tuner, backbone, job))
            print(tried[-1], flush=True)
    device = next(iter(here.values())).device
    text = report(tried, device.name, device.autocast)
    if asked != known:
        print(text)
        return
    keep("tuners", device, {"peft": version("peft"), "autocast": device.autocast,
                            "tried": [dataclasses.asdict(t) for t in tried]}, text)


if __name__ == "__main__":
    main()

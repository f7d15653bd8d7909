"""A tuned classifier as it is shipped, beside the same by this package's own prediction.

MiniLM is tuned on the legal suite (profile quick, one setting), written in every format and asked
in turn, some rounds in one process: a text at a time, and sixteen at once. Beside the formats stand
this package's prediction in fp32, the same as it is served on this machine (bf16 products where the
hardware has them), and int8 with sixteen texts in one pass, which it is not asked in here. Answers
are compared with the fp32 prediction's. What other work on the machine takes of the clock it does
not take of processor time, which is read once more with one thread each. Writes
`benchmarks/results/export.json` and `.md`. `python -m benchmarks.export`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from benchmarks.kept import keep
from benchmarks.study import job_of
from benchmarks.training import SUITE
from harness.backbones.graphs.session import open_graph
from harness.common.clock import Clock
from harness.common.device import Device, detect
from harness.common.kinds import ExportFormat
from harness.export.answers import bytes_in
from harness.export.formats import find_format
from harness.export.plain import shipped
from harness.export.whole import Whole, written_of
from harness.measure.latency import Samples, time_interleaved
from harness.methods.fitted import Answering
from harness.methods.job import Job
from harness.methods.learning.trials import tune
from harness.methods.method import METHODS, Method
from harness.study.planning.plan import make_plan
from harness.suite import Latency, load_suite
from harness.tasks.examples import Example, Item, asked

EXACT, SERVED, TOGETHER = "harness, fp32", "harness, as served", "int8, sixteen in a pass"
BATCH = 16


@dataclass(frozen=True)
class Row:
    """A way to answer. Ratios are over the fp32 prediction of this package, middles of rounds."""

    name: str
    alone_ms: float
    """Median of a text by itself."""
    times_latency: float
    times_plain: float
    """Its time of a text over plain torch's in fp32 (`merged`)."""
    per_second: float
    """Texts a second, sixteen given at once."""
    times_throughput: float
    megabytes: float | None
    times_bytes: float | None
    changed: float
    """Share of answers that are others than by the fp32 prediction."""
    largest: float
    """Change of a probability."""
    accuracy: float
    times_work: float = 1.0
    """Texts a second of processor time over that of the fp32 prediction, one thread, at 16."""


def tuned(folder: Path) -> tuple[Method, Job, tuple[Example, ...]]:
    """A classifier tuned on legal's texts and saved in a folder, and the items it is asked."""
    plan = make_plan(load_suite(SUITE, "quick"), detect())
    run = next(r for r in plan.runs
               if (r.identity.label, r.identity.backbone) == ("full", "minilm"))
    job, method = job_of(plan, run), METHODS[run.identity.method](run.identity.options)
    job = replace(job, budget=job.budget.model_copy(update={"trials": 1}))
    tune(method, job).fit.fitted.save(folder)
    return method, job, tuple(plan.sample(run.budget).test)


def contenders(method: Method, job: Job, whole: Whole, folder: Path, places: Mapping[str, Path]
               ) -> dict[str, Answering]:
    """By name what answers, this package's own prediction first."""
    exact = replace(job, device=_exact(job.device))
    found: dict[str, Answering] = {EXACT: method.load(exact, {}, folder),
                                   SERVED: method.load(job, {}, folder)}
    for to in get_args(ExportFormat):
        found[to] = find_format(to, whole).load(whole, places[to])
    found[TOGETHER] = shipped(whole, places["int8"], open_graph(places["int8"]), BATCH)
    return found


def _exact(device: Device) -> Device:
    return replace(device, autocast="no")


def rows(models: Mapping[str, Answering], test: tuple[Example, ...], places: Mapping[str, Path],
         samples: Mapping[str, Samples], parameters: int) -> list[Row]:
    """A row a model."""
    items, right = asked(test), np.array([e.label for e in test])
    said = {name: model.predict(items, Clock()) for name, model in models.items()}
    base, plain, exact = samples[EXACT], samples["merged"], said[EXACT]
    whole = bytes_in(places["merged"], parameters).weights
    found = []
    for name, one in samples.items():
        place = places.get(name)
        size = bytes_in(place, parameters).weights if place else None
        found.append(Row(
            name, 1000 * statistics.median(one.requests),
            middle_ratio(one.requests, base.requests),
            middle_ratio(one.requests, plain.requests),
            BATCH / statistics.median(one.batches), middle_ratio(base.batches, one.batches),
            size and size / 1e6, size and size / whole,
            float((said[name].argmax(axis=1) != exact.argmax(axis=1)).mean()),
            float(np.abs(said[name] - exact).max()),
            float((said[name].argmax(axis=1) == right).mean())))
    return found


def work(models: Mapping[str, Answering], items: tuple[Item, ...], rounds: int
         ) -> dict[str, list[float]]:
    """Processor seconds of sixteen texts given at once, by model, in turns."""
    spent: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(rounds + 1):
        for name, model in models.items():
            start = time.process_time()
            model.predict(items[:BATCH], Clock())
            spent[name] += [time.process_time() - start] if turn else []
    return spent


def middle_ratio(above: list[float], below: list[float]) -> float:
    """The median of the ratios of what was timed in the same round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def text(found: list[Row], device: Device, items: int, beside: str) -> str:
    """For people."""
    lines = [
        "# A tuned classifier as it is shipped", "",
        f"{device.name}, autocast {device.autocast}, {device.threads} threads"
        f"{f', {beside}' if beside else ''}. MiniLM tuned on legal's texts (quick: 200 items, 40 "
        "words, at most 96 tokens), all ways in turn in one process; ratios are medians of ratios "
        "within a round, over this package's own prediction in fp32. Processor time is of one "
        f"thread, and other work hardly lengthens it. Answers to {items} test items, compared with "
        "that prediction's.", "",
        "| answered by | one text, ms | x latency | x plain torch's | texts a second at 16 | "
        "x throughput | x throughput by processor time | MB | x bytes | answers changed | largest "
        "change | accuracy |", "|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for row in found:
        size = "– | –" if row.megabytes is None else f"{row.megabytes:.1f} | {row.times_bytes:.2f}"
        lines.append(
            f"| {row.name} | {row.alone_ms:.1f} | {row.times_latency:.2f} | "
            f"{row.times_plain:.2f} | {row.per_second:.1f} | {row.times_throughput:.2f} | "
            f"{row.times_work:.2f} | {size} | {row.changed:.1%} | {row.largest:.3f} | "
            f"{row.accuracy:.3f} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Tune, write, ask, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--beside", default="", help="what else the machine did")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, device = Path(name) / "run", detect()
        places = {to: Path(name) / to for to in get_args(ExportFormat)}
        for place in (folder, *places.values()):
            place.mkdir()
        method, job, test = tuned(folder)
        exact = replace(job, device=_exact(job.device))
        whole = written_of(method.load(exact, {}, folder), exact, method)
        for to, place in places.items():
            find_format(to, whole).write(whole, place)
        models = contenders(method, job, whole, folder, places)
        items: tuple[Item, ...] = tuple(asked(test))
        samples = time_interleaved(
            models, items, Latency(requests=given.rounds, warmup=3, batch=BATCH,
                                   batches=given.batches), device, lambda said: None)
        parameters = sum(p.numel() for p in whole.loaded.model.parameters())
        found = rows(models, test, places, samples, parameters)
        torch.set_num_threads(1)
        spent = work(contenders(method, job, whole, folder, places), items, given.batches)
        found = [replace(row, times_work=middle_ratio(spent[EXACT], spent[row.name]))
                 for row in found]
    keep("export", device, {"rows": [asdict(row) for row in found], "beside": given.beside,
                            "rounds": given.rounds, "batches": given.batches},
         text(found, device, len(test), given.beside))


if __name__ == "__main__":
    main()

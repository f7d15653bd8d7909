"""`README.md` of an exported folder: what the model is, what is known of it, and how it is used."""

from __future__ import annotations

from harness.compare.uncertainty import Figure
from harness.export.answers import AnsweredAgain
from harness.export.formats import FORMATS
from harness.export.manifest import Reads
from harness.export.scripts import PREDICT
from harness.report import words
from harness.study.record import Record
from harness.targets.kinds import KINDS, says

TAGS: dict[bool, str] = {True: "token-classification", False: "text-classification"}
OF_PICTURES = "image-classification"


def card(title: str, origin: str, record: Record, reads: Reads, again: AnsweredAgain,
         labels: tuple[str, ...], script: bool) -> str:
    """The model card. `script` says whether the folder has a program that answers."""
    cell, identity = words.cell, record.identity
    kind = KINDS[record.kind or "classification"]
    lines = [
        "---", "library_name: transformers",
        f"pipeline_tag: {OF_PICTURES if reads.pixels else TAGS[kind.tagged]}", "---", "",
        f"# {cell(title)}: {cell(identity.name)}", "",
        f"Written as {again.format}: {FORMATS[again.format].says}.", "",
        "## What is known of it", "", *_figures(record, again),
        "## What it learned from", "",
        f"- data: {cell(origin)}",
        *_sizes(record), f"- backbone: {cell(identity.backbone_origin or words.ABSENT)}",
        f"- method {cell(identity.label)}, seed {identity.seed}, run `{identity.run_id}` of suite "
        f"{cell(identity.suite)}", "",
        "## What it reads, and how it answers", "", *_reads(reads, labels), "",
        "## Use", ""]
    lines += ([f"`python {PREDICT} < {'paths' if reads.pixels else 'texts'}.txt` answers a line at "
               "a time, with public libraries alone.", ""] if script else [
        "There is no program beside it: its answers are written out, or asked for one by one.", ""])
    lines += ["Every figure above is in `answers.json`, every file's sha256 in `export.json`.", ""]
    return "\n".join(lines)


def _figures(record: Record, again: AnsweredAgain) -> list[str]:
    changes, mean = again.changes, record.forgetting.mean if record.forgetting else None
    (latency, throughput), served = again.speed, again.latency["served"]
    forgot = ("no change, for its weights are as they were"
              if record.forgetting and not record.forgetting.changed else
              f"{words.points(mean.difference, mean.low, mean.high)} percentage points on general "
              "benchmarks" if mean else "not measured")
    moved = "" if changes.largest is None else (
        f"; the largest change of a probability is {changes.largest:.3g}")
    return [
        f"On {changes.items} test items, {says(changes.metric)} with its 95% interval over items:",
        "", f"- of this folder: {_figure(again.after, changes.after)}",
        f"- of the run that it was written from: {_figure(again.before, changes.before)}",
        f"- answers that are others: {changes.changed} of {changes.items} ({changes.better} "
        f"better, {changes.worse} worse, exact sign test p = {changes.p_value:.2g}){moved}"
        if changes.p_value is not None else "- answers were not compared",
        f"- general benchmarks, against the untouched backbone: {forgot} (measured on the run)",
        f"- bytes: {words.size(again.bytes.weights)} of weights, {again.bytes.of_fp32:.2f} times "
        "those of fp32",
        f"- speed where it was written ({words.cell(served.device)}, {served.requests} requests): "
        f"{latency:.2f} times the latency and {throughput:.2f} times the items a second of the run "
        "as it is served",
        ""]


def _figure(figure: Figure | None, value: float | None) -> str:
    if figure is None:
        return words.ABSENT if value is None else f"{value:.3f}"
    return f"{figure.mean:.3f} [{figure.low:.3f} to {figure.high:.3f}]"


def _sizes(record: Record) -> list[str]:
    used = record.budget_used
    if used is None:
        return []
    return [f"- {used.train_items:,} training items, {used.validation_items:,} to choose by, "
            f"{used.steps:,} steps"]


def _reads(reads: Reads, labels: tuple[str, ...]) -> list[str]:
    if reads.pixels is not None:
        return _sees(reads, reads.pixels, labels)
    ends = {"head": "from the beginning", "head+tail": "from both ends"}[reads.ends]
    lines = [f"- at most {reads.max_length} tokens of a text"]
    if reads.max_words is not None:
        lines.append(f"- at most {reads.max_words} words of it, {ends}; in scripts without spaces "
                     "the run counted each letter as a word"
                     + (", of both texts together, which the program leaves out"
                        if reads.pairs else ""))
    if labels:
        lines.append(f"- classes: {words.cell(', '.join(labels))}")
    if reads.threshold is not None:
        lines.append(f"- a text has each class whose probability is above {reads.threshold:g}")
    return [*lines, "- names of special tokens in a text are read as letters"]


def _sees(reads: Reads, pixels: tuple[int, int], labels: tuple[str, ...]) -> list[str]:
    height, width = pixels
    lines = [f"- a picture in RGB, of which its image processor makes {height} × {width} pixels",
             "- upright as its EXIF says; what is transparent lies on white"]
    if labels:
        lines.append(f"- classes: {words.cell(', '.join(labels))}")
    if reads.threshold is not None:
        lines.append(f"- a picture has each class whose probability is above {reads.threshold:g}")
    return lines

"""What a run may be written as, by name: one file a format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.kinds import ExportFormat
from harness.common.registry import Registry
from harness.export.whole import Answers, Whole
from harness.methods.fitted import Answering


@dataclass(frozen=True)
class Format:
    """How a model is written into an empty folder, and answers from it again."""

    says: str
    """What it is, in a few words."""
    answers: tuple[Answers, ...]
    """By what models answer that may be written so."""
    write: Callable[[Whole, Path], None]
    """Weights, configuration and tokenizer. Raises HarnessError where that cannot be done."""
    load: Callable[[Whole, Path], Answering]
    """The model that lies in the folder, with the texts made tokens as the run's were."""
    ready: Callable[[], None] = lambda: None
    """Raises HarnessError, with the remedy, where a library that it needs is not installed."""


FORMATS: Registry[Format] = Registry("format")
HEADS: tuple[Answers, ...] = ("classes", "pooled", "tags", "pictures")
BY: dict[Answers, str] = {
    "classes": "a head", "pooled": "a linear layer on pooled states",
    "tags": "a head on each token",
    "prompt": "a prompt, whose answers are scored in passes of several shapes",
    "pictures": "a head on pictures"}


def formats() -> Registry[Format]:
    """All there are."""
    from harness.export import bf16, gguf_file, int8, merged, onnx  # noqa: F401  (each registers its own)

    return FORMATS


def find_format(name: ExportFormat, whole: Whole) -> Format:
    """The format of that name. Raises HarnessError where a model cannot be written so."""
    found = formats()[name]
    if whole.answers not in found.answers:
        raise HarnessError(f"{whole.label} answers by {BY[whole.answers]}: it is not written as "
                           f"{name}", "Write it as merged or bf16.")
    return found

"""Answers that end with the number of the passage that they are from."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts

_CITED = regex.compile(r"(?:\s*[\[［【]\s*(\d{1,4})\s*[\]］】])+\s*[.。]?\s*$")


def numbered(writer: PromptWriter, texts: Sequence[str], room: int, said: str) -> Parts:
    """Passages in `room` tokens, the best last, each with its number, from 1 at the top; then what
    is said of the numbers."""
    if not texts:
        return ()
    marks = [f"[{number}] " for number in range(1, len(texts) + 1)]
    return [*writer.passages(texts, room, marks), f"{said}\n\n"]


def without_citation(text: str) -> tuple[str, int | None]:
    """An answer without the numbers that it ends with, and the last of these; None for none."""
    found = _CITED.search(text)
    if found is None:
        return text, None
    return text[:found.start()].rstrip(), int(found[1])

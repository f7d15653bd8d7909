"""Which of the options an answer names, read strictly."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence

AROUND = " \t\n\r\"'`*."
"""What may stand around an option that is given in free text."""


def option_of(text: str, options: Sequence[str]) -> int | None:
    """The number of the option that an answer is, as the JSON that was asked for or as its words
    alone, whatever their case; None where it says anything else."""
    said = _of_json(text)
    said = text if said is None else said
    if said in options:
        return list(options).index(said)
    bare = [_bare(option) for option in options]
    alone = bare.count(_bare(said)) == 1 and _bare(said) != ""
    return bare.index(_bare(said)) if alone else None


def held_to_schema(text: str) -> bool:
    """Whether an answer has the form that a schema asks for."""
    return _of_json(text) is not None


def _of_json(text: str) -> str | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    answer = found.get("answer") if isinstance(found, dict) else found
    return answer if isinstance(answer, str) else None


def _bare(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip(AROUND)

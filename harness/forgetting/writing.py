"""What lm-eval's tasks have a model write: which requests are greedy, and what ends an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lm_eval.models.utils import (
    handle_stop_sequences,
    normalize_gen_kwargs,
    postprocess_generated_text,
)
from transformers import PreTrainedTokenizerBase

GREEDY = {"do_sample": False, "temperature": 0.0}
"""What is left of a greedy request's options once length and stops are taken out."""


@dataclass(frozen=True)
class Wanted:
    """How an answer is to be written: at most so many tokens, up to the first of the texts."""

    tokens: int
    until: tuple[str, ...]

    def kept(self, text: str) -> str:
        """A written text up to the first of the texts that end it."""
        found: str = postprocess_generated_text(text, list(self.until), None)
        return found


def greedily(options: Mapping[str, Any], end: str, most: int) -> Wanted | None:
    """What a request's options ask for, None where they ask for more than the likeliest tokens.

    `end` is the end token's text, which lm-eval counts among the stops, `most` the tokens of a
    request that names none.
    """
    asked = normalize_gen_kwargs(dict(options), most)
    until = handle_stop_sequences(asked.pop("until", None), eos=end)
    tokens = asked.pop("max_gen_toks")
    return Wanted(tokens, tuple(until)) if {**GREEDY, **asked} == GREEDY else None


def alike(wanted: Sequence[Wanted | None]) -> Iterator[tuple[Wanted, list[int]]]:
    """The places of requests that end alike, those left out that are not greedy."""
    for one in dict.fromkeys(wanted):
        if one is not None:
            yield one, [place for place, other in enumerate(wanted) if other == one]


def end_tokens(model: Any, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens that close an answer, the tokenizer's and those that the checkpoint names."""
    named = getattr(model.generation_config, "eos_token_id", None)
    ends = named if isinstance(named, list) else [named]
    return sorted({end for end in (*ends, tokenizer.eos_token_id) if end is not None})

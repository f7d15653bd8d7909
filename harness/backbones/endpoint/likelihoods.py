"""How likely each option is, by the log-probabilities that a server gives with a written answer.

An answer is one path through what might have been written. At each of its tokens the server says
how likely that token was, and the likeliest others: what leaves the path there goes to the options
that it begins. Nobody knows how a token that begins several options would have gone on: they share
it evenly. An option that none of the tokens begins has at the most what the least of them has, and
a share of what none of them has: it is given that, since no probability of a class is nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.backbones.endpoint.choose import AROUND, option_of
from harness.backbones.endpoint.reply import Place

VALUE = re.compile(r'^\s*\{\s*"answer"\s*:\s*"')
"""What stands before an answer in the JSON that is asked for."""


@dataclass(frozen=True)
class Graded:
    """How likely each option is, [options], and the share of it that was shared evenly."""

    shares: np.ndarray
    unsplit: float


def graded(text: str, places: Sequence[Place], options: Sequence[str]) -> Graded | None:
    """Of an answer and its tokens; None where they do not spell it, or it names no option."""
    named = option_of(text, options)
    if named is None or not places or "".join(place.token for place in places) != text:
        return None
    begin, forms = _forms(text, options)
    walk = _Walk(forms, np.zeros(len(options)), list(range(len(options))))
    at = 0
    for place in places:
        if at + len(place.token) > begin and len(walk.open) > 1:
            walk.pass_by(place, text[begin:max(begin, at)], text[at:max(begin, at)])
            if named not in walk.open:
                return None
        at += len(place.token)
    # What is left is what was written: it ended there.
    walk.found[named] += walk.left
    return Graded(walk.found / walk.found.sum(), walk.unsplit / float(walk.found.sum()))


@dataclass(frozen=True)
class _Form:
    """An option as an answer has it, and what may stand behind it."""

    said: str
    closed: bool
    """Whether its end is written, as in JSON."""

    def agrees(self, text: str) -> bool:
        """Whether a beginning of an answer may be one of this option."""
        if not self.closed:
            text = text.casefold()
        if self.said.startswith(text):
            return True
        return text.startswith(self.said) and (
            self.closed or not text[len(self.said):].strip(AROUND))


@dataclass
class _Walk:
    """Along an answer, as far as it has come."""

    forms: Sequence[_Form]
    found: np.ndarray
    open: list[int]
    """Options that what was written may still become."""
    left: float = 1.0
    unsplit: float = 0.0

    def pass_by(self, place: Place, before: str, lead: str) -> None:
        """Take in a token, behind what was written of the option `before`, of which `lead` belongs
        to what stands in front of it."""
        likely = {token: math.exp(value) for token, value in (*place.top,
                                                               (place.token, place.logprob))}
        meant = {token: self._meant(before + token[len(lead):])
                 for token in likely if token.startswith(lead)}
        for token, numbers in meant.items():
            if token != place.token and numbers:
                self._give(numbers, self.left * likely[token])
        begun = {number for numbers in meant.values() for number in numbers}
        unseen = [number for number in self.open if number not in begun]
        rest = max(0.0, 1.0 - sum(likely.values()))
        for number in unseen:
            self.found[number] += self.left * min(rest / len(unseen), *likely.values())
        self.left *= likely[place.token]
        self.open = meant[place.token]

    def _meant(self, text: str) -> list[int]:
        return [number for number in self.open if self.forms[number].agrees(text)]

    def _give(self, numbers: Sequence[int], mass: float) -> None:
        self.found[numbers] += mass / len(numbers)
        if len(numbers) > 1:
            self.unsplit += mass


def _forms(text: str, options: Sequence[str]) -> tuple[int, list[_Form]]:
    """Where the answer begins in a text, and how each option would go on from there."""
    found = VALUE.match(text)
    if found is None:
        lead = len(text) - len(text.lstrip(AROUND))
        return lead, [_Form(option.casefold().strip(AROUND), False) for option in options]
    plain = text[found.end():].isascii()
    return found.end(), [_Form(json.dumps(option, ensure_ascii=plain)[1:], True)
                         for option in options]

"""What each kind of backbone can do. A method says what it needs, and works where nothing lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.common.kinds import BackboneKind, Input, WeightsKind


class Can(Enum):
    """What a backbone may give, for people."""

    ENCODE = "states that a head can be put on"
    EMBED = "vectors that items can be compared by"
    TAG = "a state for each word"
    CHOOSE = "a choice among given answers"
    SCORE = "how likely each of them is"
    CONTINUE = "how likely each next word of a text is"
    WRITE = "text of its own"
    LEARN = "weights that can be tuned"


@dataclass(frozen=True)
class InputKind:
    """What is known of all items of an input."""

    one: str
    items: str
    """What one is, and what they are, for people."""
    in_words: bool
    """Whether they are made of words, which a prompt can hold and a budget can cut."""


INPUTS: Mapping[Input, InputKind] = {"text": InputKind("text", "texts", True),
                                     "image": InputKind("picture", "pictures", False)}
Abilities = tuple[Can, ...]
ABILITIES: Mapping[BackboneKind, Abilities] = {
    "encoder": (Can.ENCODE, Can.EMBED, Can.TAG, Can.LEARN),
    "decoder": (Can.ENCODE, Can.CHOOSE, Can.SCORE, Can.CONTINUE, Can.WRITE, Can.LEARN),
    "seq2seq": (Can.ENCODE, Can.CHOOSE, Can.SCORE, Can.WRITE, Can.LEARN),
    "image": (Can.ENCODE, Can.EMBED, Can.LEARN),
    "vectors": (Can.ENCODE, Can.EMBED),
    "endpoint": (Can.CHOOSE, Can.WRITE),
}
READS: Mapping[BackboneKind, Input] = {"encoder": "text", "decoder": "text", "seq2seq": "text",
                                       "image": "image", "vectors": "text", "endpoint": "text"}
"""What items each kind reads."""
ASKED: tuple[BackboneKind, ...] = tuple(
    kind for kind, able in ABILITIES.items() if Can.CHOOSE in able)
"""Kinds of backbone that answer a prompt."""
HEADED: tuple[BackboneKind, ...] = tuple(
    kind for kind, able in ABILITIES.items() if Can.ENCODE in able and kind not in ASKED)
"""Those that answer through a head on their states."""
READ_ELSEWHERE: WeightsKind = "vectors"
"""What another package reads, and transformers does not."""
WITH_HEAD: dict[WeightsKind, WeightsKind] = {"decoder": "encoder"}
"""What methods take a kind for that is given a classification head."""


def reads_words(backbone: BackboneKind | None) -> bool:
    """Whether a backbone of this kind reads items that are made of words."""
    return backbone is not None and INPUTS[READS[backbone]].in_words


def lacking(backbone: BackboneKind, needs: Abilities) -> Abilities:
    """What a backbone of this kind does not give of what is needed."""
    return tuple(need for need in needs if need not in ABILITIES[backbone])


def continues(backbone: BackboneKind | None) -> bool:
    """Whether a backbone of this kind says how likely each next word of a text is."""
    return backbone is not None and Can.CONTINUE in ABILITIES[backbone]

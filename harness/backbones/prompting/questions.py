"""A prompt with its answers, as tokens: together they are those of the whole text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.backbones.prompting.options import OptionTree, option_tree
from harness.backbones.prompting.texts import Ended, shared_by
from harness.common.errors import CannotRunError


@dataclass(frozen=True)
class Answer:
    """What stands behind a prompt: what is `asked` of it yet, and what the model is to say."""

    said: str
    asked: str = ""


@dataclass(frozen=True)
class Question:
    """What all answers have before them, and the answers behind it, each closed by the end token.

    Where an answer's first letters and the prompt's last make up a token, the prompt ends before
    it: what the answers say begins there, for all of them, so that they are of the same text.
    """

    prompt: list[int]
    answers: OptionTree

    def behind(self, head: Sequence[int]) -> Question:
        """The same without what all prompts begin with."""
        return Question(self.prompt[len(head):], self.answers)

    def only(self, numbers: Sequence[int]) -> Question:
        """The same with some of its answers."""
        paths, given = self.answers.paths, self.answers.given
        return Question(self.prompt, answer_tree(tuple(tuple(paths[n]) for n in numbers),
                                                 tuple(given[n] for n in numbers)))


def endings(answers: Sequence[Answer]) -> list[tuple[str, ...]]:
    """What a prompt is read with, in the order that `question` takes: what is asked, each once,
    and then each answer behind what it is asked."""
    return [*((asked,) for asked in _asked(answers)),
            *((answer.asked, answer.said) for answer in answers)]


def question(read: Ended, answers: Sequence[Answer], end: int, start: Sequence[int] = ()
             ) -> Question:
    """The question of a prompt that was read with the `endings` of its answers; `start` is what
    every answer begins with.

    Answers begin where the prompt alone and all texts with an answer part (as lm-eval splits
    them, where no token lies across). Raises CannotRunError for one of several answers that has no
    tokens, and for two that are the same.
    """
    asked = _asked(answers)
    alone = dict(zip(asked, read.ended, strict=False))
    whole = read.ended[len(asked):]
    shared = shared_by([read.alone, *whole])
    begins = {text: shared_by([alone[text], *(
        ids for ids, answer in zip(whole, answers, strict=True) if answer.asked == text)])
        for text in asked}
    for ids, answer in zip(whole, answers, strict=True):
        if ids == alone[answer.asked] and len(answers) > 1:
            raise CannotRunError(f"the tokenizer makes nothing of the answer '{answer.said}'")
    tree = answer_tree(
        tuple((*start, *ids[shared:], end) for ids in whole),
        tuple(len(start) * bool(a.asked) + begins[a.asked] - shared for a in answers))
    return Question(read.alone[:shared], tree)


@lru_cache(maxsize=1024)
def answer_tree(paths: tuple[tuple[int, ...], ...], given: tuple[int, ...]) -> OptionTree:
    """The tree of answers: one for all items whose answers have the same tokens. Raises
    CannotRunError for two that are the same."""
    try:
        return option_tree(paths, given)
    except ValueError:
        raise CannotRunError("two answers are the same to the tokenizer") from None


def _asked(answers: Sequence[Answer]) -> list[str]:
    return list(dict.fromkeys(answer.asked for answer in answers))

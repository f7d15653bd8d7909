"""How the log-likelihoods of an item's answers become the scores that it is decided by.

An answer may be likely whatever is asked, because its words are common, or few. Every rule here is
`(log p(answer | prompt) - offset) / size`, in nats; a softmax over the answers of a decision makes
probabilities of the scores.

- `plain`: log p itself, the sum over an answer's tokens.
- `per-token`: divided by its tokens, the end token among them (Brown et al. 2020, section 2.4).
- `per-byte`: divided by the UTF-8 bytes of its text (lm-eval's `acc_bytes`).
- `calibrated`: contextual calibration (Zhao et al. 2021, section 4). The offset is the log of the
  answers' probabilities behind prompts without content, whose text is N/A, [MASK] or nothing; they
  are normalised, and averaged over the three. Worked examples stand in these prompts too.
- `pmi`: domain-conditional mutual information (Holtzman et al. 2021, section 3). The offset is
  log p(answer | premise), where the premise is what the prompt says behind an item's text, or its
  instruction where it says nothing there.

Where an item has several classes, each class is a decision between yes and no, and the question
about it is given: all rules hold of these two answers alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import log_softmax, logsumexp

from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.questions import Question
from harness.backbones.prompting.texts import Parts
from harness.common.errors import CannotRunError
from harness.methods.link import ClassLink

Score = Literal["plain", "calibrated", "pmi", "per-token", "per-byte"]
CONTENT_FREE = ("N/A", "", "[MASK]")


@dataclass(frozen=True)
class Rule:
    """A way to score answers."""

    size: Callable[[PromptWriter, Question], np.ndarray]
    """What an item's scores are divided by, [answers]."""
    prompts: int = 0
    """How many prompts beside the item's tell the offset; it is 0 where there are none."""
    beside: Callable[[PromptWriter, Parts], list[Question]] = lambda writer, before: []
    """These prompts; `before` is what was retrieved for the item."""
    offset: Callable[[np.ndarray, ClassLink], np.ndarray] = lambda log_p, link: np.zeros(1)
    """Of log-likelihoods behind these prompts [prompts, answers], an offset an answer."""
    minds_context: bool = False
    """Whether what is retrieved for an item changes the offset."""


def _one(writer: PromptWriter, question: Question) -> np.ndarray:
    return np.ones(1)


def _tokens(writer: PromptWriter, question: Question) -> np.ndarray:
    tree = question.answers
    return np.array([len(steps) - given
                     for steps, given in zip(tree.steps, tree.given, strict=True)], dtype=float)


def _bytes(writer: PromptWriter, question: Question) -> np.ndarray:
    said = [answer.said.strip() for answer in writer.answers()]
    return np.array([max(1, len(text.encode())) for text in said], dtype=float)


def _content_free(writer: PromptWriter, before: Parts) -> list[Question]:
    return writer.questions(list(map(writer.item, CONTENT_FREE)),
                            [before] * len(CONTENT_FREE))


def _premise(writer: PromptWriter, before: Parts) -> list[Question]:
    found = writer.premise().questions([writer.item("")])
    if not found[0].prompt:
        raise CannotRunError("`score: pmi` needs words of the prompt behind an item's text")
    return found


def _mean_of_decisions(log_p: np.ndarray, link: ClassLink) -> np.ndarray:
    """log of the mean probability of each answer among those of its decision, [answers]."""
    each = [log_softmax(link.decisions(row), axis=1).ravel() for row in log_p]
    return np.asarray(logsumexp(each, axis=0) - np.log(len(each)))


def _as_it_is(log_p: np.ndarray, link: ClassLink) -> np.ndarray:
    return np.asarray(log_p[0])


RULES: dict[Score, Rule] = {
    "plain": Rule(_one),
    "calibrated": Rule(_one, len(CONTENT_FREE), _content_free, _mean_of_decisions,
                       minds_context=True),
    "pmi": Rule(_one, 1, _premise, _as_it_is),
    "per-token": Rule(_tokens),
    "per-byte": Rule(_bytes),
}
"""In the order in which they are tried."""
PLAIN = RULES["plain"]


def scores(rule: Rule, log_p: np.ndarray, offset: np.ndarray, writer: PromptWriter,
           questions: Sequence[Question]) -> np.ndarray:
    """Scores of each question's answers, [questions, answers], from their log-likelihoods and the
    answers' offset [answers]."""
    sizes = np.stack([rule.size(writer, question) for question in questions])
    return np.asarray((log_p - offset) / sizes)

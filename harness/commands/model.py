"""A kept run or a model from elsewhere, as a classifier in the manner of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sklearn.base import BaseEstimator, ClassifierMixin

from harness.commands.asked_rows import picture_items
from harness.commands.gate import Asked, make_context
from harness.commands.predict import item_of, spans_of
from harness.common.capabilities import INPUTS
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.common.kinds import Input
from harness.common.text import plain
from harness.gate.candidate import find_candidate
from harness.methods.fitted import Answering
from harness.methods.link import CLASS_LINKS
from harness.report.lines import print_lines
from harness.study.store import find_run
from harness.suite import Kind, find_suite, load_suite
from harness.targets.choices import are_choices, named
from harness.targets.kinds import KINDS, TargetKind
from harness.tasks.examples import Item

Text = str | tuple[str, str]
"""A text; of a task about pairs, two."""
Asks = Sequence[Text] | Sequence[Any]
"""Texts; of a task of pictures paths, bytes of files, PIL images or NumPy arrays."""


class Model(ClassifierMixin, BaseEstimator):
    """A fitted model with the names of its classes. It cannot be fitted again: `run` does that.

    `classes_` are the classes' names, [classes] of str, in the order of the columns of
    `predict_proba`; empty where answers are numbers or words. `kind` is the kind of task:
    classification, multilabel, regression, spans or generation. `input` is what it is asked about:
    text or image.
    """

    def __init__(self, name: str, kind: Kind, classes: Sequence[str], answering: Answering,
                 input: Input = "text") -> None:  # noqa: A002 (a suite's name for it)
        self.name = name
        self.kind = kind
        self.classes = classes
        self.answering = answering
        self.input = input

    @property
    def classes_(self) -> np.ndarray:
        """The classes' names, [classes] of str."""
        return np.array(self.classes, dtype=object)

    def fit(self, texts: Asks, answers: Sequence[object]) -> Model:
        """Raises HarnessError: what was fitted and compared stays as it was."""
        raise HarnessError(f"{self.name} is fitted already",
                           "Make a suite of the data and call harness.run.")

    def predict_proba(self, texts: Asks) -> np.ndarray:
        """Probabilities of the classes, [texts, classes] fp64.

        A row sums to 1 where a text has one class; where it may have several, each is a decision of
        its own. A row is NaN where the model's probabilities are not finite. Raises HarnessError
        for a task without classes, for a model that only names classes, and for what are no texts.
        """
        if not KINDS[self.kind].classes:
            raise HarnessError(f"{self.name}: its task {KINDS[self.kind].says}", "Call predict.")
        answers = self._found(texts)
        if are_choices(answers):
            raise HarnessError(f"{self.name} only names classes, without probabilities",
                               "Call predict.")
        found = answers.astype(np.float64)
        found[~np.isfinite(found).all(axis=1)] = np.nan
        return found

    def predict(self, texts: Asks) -> np.ndarray:
        """The answers, [texts] of str: a class's name, or words. Numbers are fp64, NaN where none
        was written. Spans are lists of dicts, as pipelines of transformers have them: `start`,
        `end`, `label` and `text`; None where an answer could not be read.

        Where a text may have several classes an indicator, [texts, classes] of bool, as
        scikit-learn has it. Where a model only names classes, one that could not be read is None,
        and of several none is answered. Raises HarnessError for a text whose probabilities are not
        finite, and for what are no texts.
        """
        kind, found = KINDS[self.kind], self._found(texts)
        if kind.classes and are_choices(found):
            return _named(found, self.classes_, kind)
        if kind.classes and not np.isfinite(found).all():
            row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
            raise HarnessError(f"{self.name} has no answer to {INPUTS[self.input].one} {row}: its "
                               "probabilities are not finite", "Leave it out.")
        if kind.questions:
            return np.array(found, dtype=object)
        if kind.tagged:
            return spans_of(found, ITEMS[self.input](texts), self.classes)
        if not kind.classes:
            return np.asarray(found[:, 0], dtype=np.float64)
        chosen = CLASS_LINKS[self.kind].chosen(found)
        return chosen if kind.several else self.classes_[chosen.argmax(axis=1)]

    def _found(self, texts: Asks) -> np.ndarray:
        items = ITEMS[self.input](texts)
        if not items:
            return np.zeros((0, len(self.classes) or 1))
        return self.answering.predict(items, Clock())

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Model:
        return self

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:  # noqa: N803 (scikit-learn's name)
        return plain(f"<Model: {self.name}, {self.kind}, {len(self.classes)} classes>")

    def _html_repr(self) -> str:
        rows = "".join(f"<tr><td>{i}</td><td>{escape(plain(name))}</td></tr>"
                       for i, name in enumerate(self.classes))
        return f"<div>{escape(repr(self))}</div><table><tbody>{rows}</tbody></table>"


def suite_of(candidate: str, suite: str | None, runs: Path) -> str:
    """The suite that is named, else that of a kept run. Raises HarnessError where there is neither.
    """
    if suite is not None:
        return suite
    store = find_run(runs, candidate)
    if store is None:
        raise HarnessError(f"'{candidate}' is no run in {runs}/, and no suite is named",
                           "Say suite=NAME.")
    return store.record(candidate).identity.suite


def load_model(console: Console, asked: Asked) -> Model:
    """A candidate, loaded. How a folder is read is said where that matters. Raises HarnessError."""
    loaded = load_suite(find_suite(asked.suite, asked.suites), asked.profile)
    context = make_context(asked, loaded, loaded.suite.budget_for(None))
    candidate = find_candidate(asked.candidate, context)
    print_lines(console, (f"{candidate.name}: {note}" for note in candidate.notes))
    return Model(candidate.name, context.task.kind, context.task.labels, candidate.model.load(),
                 context.task.input)


def _named(choices: np.ndarray, classes: np.ndarray, kind: TargetKind) -> np.ndarray:
    """Classes that were named: an indicator, or [texts] of str, None where none could be read."""
    if kind.several:
        return named(choices, len(classes)).astype(bool)
    found = np.empty(len(choices), dtype=object)
    found[:] = [None if choice is None else classes[choice[0]] for choice in choices]
    return found


def _items(texts: Any) -> list[Item]:
    if isinstance(texts, str):
        raise HarnessError("a single text was given", "Give a sequence of texts: [text].")
    found = [(text,) if isinstance(text, str) else tuple(text) if isinstance(text, tuple | list)
             else (text,) for text in texts]
    for number, cells in enumerate(found):
        if not (1 <= len(cells) <= 2 and all(isinstance(cell, str) for cell in cells)):
            raise HarnessError(f"text {number} is neither a text nor two",
                               "Give a string, or a pair of strings where the task has pairs.")
    return [item_of(*cells) for cells in found]


ITEMS: dict[Input, Callable[[Any], list[Item]]] = {"text": _items, "image": picture_items}

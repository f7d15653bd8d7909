"""An encoder's features on general texts: what a linear probe still reads in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harness.backbones.encoding.features import pooled_texts
from harness.backbones.load import Loaded
from harness.common.device import Device
from harness.forgetting.catalogue import catalogue
from harness.forgetting.items import Answer, General, draw
from harness.forgetting.names import check_probe

FOLDS, DRAWS = 5, 5
"""Parts that items are dealt into, and how often they are dealt anew: one dealing has luck of its
own."""
MAX_LENGTH = 128
METRIC = "probe accuracy"


@dataclass(frozen=True)
class ProbeItem:
    """One or two texts, or a picture, with the number of its class."""

    name: str
    texts: tuple[str, ...]
    label: int


class Probing:
    """Probes with their drawn items, ready to be put to any number of encoders.

    `probes` maps names to numbers of items. Raises HarnessError for an unknown name and for data
    that cannot be had.
    """

    def __init__(self, probes: Mapping[str, int], passages: int, seed: int) -> None:
        for name in probes:
            check_probe(name)
        self.seed = seed
        self.items = {name: _items(name, wanted, seed) for name, wanted in probes.items()}
        texts = catalogue().passage_texts() if passages else []
        self.passages = [texts[i] for i in draw(len(texts), passages, seed, "passages")]

    def put_to(self, loaded: Loaded, device: Device) -> General:
        """Out-of-fold answers of each probe, and the features of the passages."""
        texts = [text for items in self.items.values() for item in items for text in item.texts]
        features = pooled_texts(loaded, [*texts, *self.passages], MAX_LENGTH, device)
        answers: list[Answer] = []
        start = 0
        for name, items in self.items.items():
            size = sum(len(item.texts) for item in items)
            answers += self._probe(name, items, features[start:start + size])
            start += size
        return General(tuple(answers), features=features[start:] if self.passages else None)

    def _probe(self, name: str, items: Sequence[ProbeItem], features: np.ndarray
               ) -> list[Answer]:
        width = len(items[0].texts)
        x = pair_features(features[0::2], features[1::2]) if width == 2 else features
        return probed(name, items, catalogue().probes[name].classes, x, self.seed)


def probed(name: str, items: Sequence[ProbeItem], classes: Sequence[str], features: np.ndarray,
           seed: int) -> list[Answer]:
    """What a probe on features [items, width] says of each item: the class that most drawings of
    folds give it, the first of equals, and of each drawing whether it is right."""
    labels = np.array([item.label for item in items])
    guesses = np.stack([folded_guesses(features, labels, DRAWS * seed + number)
                        for number in range(DRAWS)], axis=1)
    right = (guesses == labels[:, None]).astype(float)
    return [Answer(name, item.name, METRIC, " / ".join(item.texts), classes[item.label],
                   classes[int(np.bincount(own).argmax())], float(scores.mean()),
                   draws=tuple(scores.tolist()))
            for item, own, scores in zip(items, guesses, right, strict=True)]


def folded_guesses(features: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """The class, [items], that a logistic regression on the other folds' features gives each."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return np.asarray(cross_val_predict(model, features, labels, cv=folds))


def pair_features(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """[items, 2 * width]: |u - v| and u * v of each pair.

    Conneau and Kiela, SentEval: An Evaluation Toolkit for Universal Sentence Representations
    (2018), section 3.
    """
    return np.hstack([np.abs(first - second), first * second])


def similarity_of_structure(before: np.ndarray, after: np.ndarray) -> float:
    """Linear centred kernel alignment of two [items, width] matrices, in 0 to 1.

    Kornblith et al., Similarity of Neural Network Representations Revisited (2019), section 3.
    """
    x, y = (m.astype(float) - m.mean(axis=0, dtype=float) for m in (before, after))
    norms = float(np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    return float(np.linalg.norm(y.T @ x) ** 2 / norms) if norms else float("nan")


def _items(name: str, wanted: int, seed: int) -> list[ProbeItem]:
    probe = catalogue().probes[name]
    rows = catalogue().rows(probe.data)
    return [ProbeItem(f"{name}:{i}", tuple(rows[i][column] for column in probe.columns),
                      int(rows[i]["label"]))
            for i in draw(len(rows), wanted, seed, name)]

"""What a model answered on general items: the same items before and after tuning."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load_file, save_file

ANSWERS, PASSAGES, FEATURES = "answers.parquet", "passages.parquet", "features.safetensors"
FOLLOWED = "followed.parquet"
IN_CHAT = ", with its chat template"
"""Behind the name of a benchmark that is asked in the backbone's own."""


@dataclass(frozen=True)
class Answer:
    """One item of a benchmark. `score` is the benchmark's own metric on it, 1 where right."""

    benchmark: str
    item: str
    metric: str
    text: str
    target: str
    chosen: str
    score: float
    chat: bool = False
    """Whether it was asked in the model's chat template."""
    draws: tuple[float, ...] = ()
    """Of a probe the item's score by each drawing of its folds, whose mean `score` is."""

    @property
    def scores(self) -> tuple[float, ...]:
        """By drawing; of what is asked once the one."""
        return self.draws or (self.score,)


@dataclass(frozen=True)
class Followed:
    """One instruction of a prompt, which is an item of `ifeval`, and whether it was followed."""

    item: str
    instruction: str
    strict: bool
    loose: bool


@dataclass(frozen=True)
class Passage:
    """A text's negative log-likelihood in nats, and its tokens."""

    item: str
    tokens: int
    nats: float


@dataclass(frozen=True)
class General:
    """All that was measured on a model. `features` are the passages' [passages, width]."""

    answers: tuple[Answer, ...]
    passages: tuple[Passage, ...] = ()
    features: np.ndarray | None = field(default=None, compare=False)
    truncated: int = 0
    """Contexts cut on the left because they did not fit the model's window."""
    followed: tuple[Followed, ...] = ()
    """The instructions of `ifeval`'s prompts, those of a prompt together."""

    def write(self, folder: Path) -> None:
        """Parquet and safetensors files into a folder."""
        for name, rows in ((ANSWERS, self.answers), (PASSAGES, self.passages),
                           (FOLLOWED, self.followed)):
            if rows:
                pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows]), folder / name)
        if self.features is not None:
            save_file({"features": self.features}, folder / FEATURES)


def read_general(folder: Path, truncated: int) -> General:
    """What `General.write` wrote."""

    def rows(name: str) -> list[dict[str, object]]:
        path = folder / name
        return pq.read_table(path).to_pylist() if path.exists() else []

    features = folder / FEATURES
    return General(
        tuple(Answer(**{**row, "draws": tuple(row["draws"])})  # type: ignore[arg-type]
              for row in rows(ANSWERS)),
        tuple(Passage(**row) for row in rows(PASSAGES)),  # type: ignore[arg-type]
        load_file(features)["features"] if features.exists() else None, truncated,
        tuple(Followed(**row) for row in rows(FOLLOWED)))  # type: ignore[arg-type]


def scores_of(answers: Sequence[Answer], benchmark: str) -> np.ndarray:
    """Of a benchmark's items: [items, draws]."""
    return np.array([answer.scores for answer in answers if answer.benchmark == benchmark])


def draw(count: int, wanted: int, seed: int, name: str) -> list[int]:
    """`wanted` of the numbers below `count` (all where there are fewer), drawn by seed, sorted."""
    return sorted(random.Random(f"{seed}:{name}").sample(range(count), min(wanted, count)))

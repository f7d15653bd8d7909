"""Which of a prompt's instructions an answer follows, by lm-eval's IFEval checkers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import nltk
from langdetect import DetectorFactory

from harness.common.errors import HarnessError
from harness.forgetting.items import Followed

STRICT, LOOSE = "inst_level_strict_acc", "inst_level_loose_acc"
SEED = 0
RESOURCE = "tokenizers/punkt_tab"


@contextmanager
def only_what_is_here(folder: Path | None) -> Iterator[None]:
    """NLTK reads `folder` and fetches nothing while lm-eval's tasks are built; languages are told
    the same way in every run from then on.

    lm-eval fetches NLTK's data when its checkers are imported and do not find them, and langdetect
    draws at random unless it has a seed. Raises HarnessError where `folder` lacks the data, and
    where lm-eval would fetch some.
    """
    DetectorFactory.seed = SEED
    if folder is not None:
        _find_in(folder)
    fetching, nltk.download = nltk.download, _refuse
    try:
        yield
    finally:
        nltk.download = fetching


def followed(item: str, sample: Mapping[str, Any]) -> list[Followed]:
    """The instructions of one of lm-eval's samples, none where it holds none.

    Loosely an instruction is followed, too, where one of eight versions of the answer follows it:
    without its first line, its last, both, and each of these without asterisks (Zhou et al.,
    Instruction-Following Evaluation for Large Language Models, 2023, section 2.2).
    """
    if STRICT not in sample:
        return []
    return [Followed(item, name, bool(strict), bool(loose)) for name, strict, loose in zip(
        sample["doc"]["instruction_id_list"], sample[STRICT], sample[LOOSE], strict=True)]


def _find_in(folder: Path) -> None:
    if str(folder) not in nltk.data.path:
        nltk.data.path.insert(0, str(folder))
    try:
        nltk.data.find(RESOURCE)
    except LookupError:
        raise HarnessError(f"{folder}: has no {RESOURCE}", "Mend the catalogue's `nltk`.") from None


def _refuse(*names: object, **_: object) -> NoReturn:
    raise HarnessError(f"NLTK's data {', '.join(map(str, names))} would be fetched unchecked",
                       "Install them for NLTK yourself, or leave the benchmark out.")

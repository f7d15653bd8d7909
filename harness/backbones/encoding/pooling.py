"""How an encoder's states become one vector a text, as its folder says that it was trained to.

A sentence-transformers folder names its pooling (Reimers and Gurevych 2019, Sentence-BERT, section
3). A model that was trained to be read by the mean of its tokens' states is read so by every method
too, unless a suite says otherwise; one whose folder says nothing has the head that transformers
gives its kind.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from harness.common.errors import HarnessError

Pooling = Literal["trained", "cls", "mean", "last"]
"""As a suite says it: the first token's state, the mean over the tokens, the last token's."""
Pool = tuple[str, ...]
"""Modes of sentence-transformers, whose vectors stand side by side."""
MODES: dict[Pooling, Pool] = {"cls": ("cls",), "mean": ("mean",), "last": ("lasttoken",)}
MODULES = "modules.json"


def pool_of(folder: Path, pooling: Pooling = "trained") -> Pool | None:
    """How the model of a folder is pooled; None where it is read by the head that transformers has
    for it. A model that was saved with a classification head keeps it, unless a suite says
    otherwise. Raises HarnessError for a pooling that sentence-transformers does not know."""
    if pooling != "trained":
        return MODES[pooling]
    place = place_of(folder, "type", "Pooling")
    if place is None or not (place / "config.json").is_file() or _has_own_head(folder):
        return None
    from sentence_transformers.sentence_transformer.modules import Pooling as Reader

    try:
        modes = Reader.load(str(place)).pooling_mode
    except (ValueError, TypeError, KeyError) as error:
        raise HarnessError(f"{folder.name}/{place.name}: is no pooling that sentence-transformers "
                           f"knows: {str(error)[:200]}", "Set `pooling:` yourself.") from None
    return (modes,) if isinstance(modes, str) else tuple(modes)


def place_of(folder: Path, field: str, ending: str) -> Path | None:
    """Where a sentence-transformers folder has the first module whose name or type ends so; None
    where it has none, or would have it outside."""
    listed = _json(folder / MODULES)
    for module in listed if isinstance(listed, list) else []:
        path = Path(str(module.get("path", "")))
        if (str(module.get(field)).endswith(ending) and not path.is_absolute()
                and ".." not in path.parts):
            return folder / path
    return None


def pooler(pool: Pool, width: int) -> Any:
    """sentence-transformers' module, which pools states of this width."""
    # Its import takes over a second, and most commands pool nothing.
    from sentence_transformers.sentence_transformer.modules import Pooling as Reader

    return Reader(width, pool)


def pooled_by(reader: Any, states: Tensor, own: Tensor) -> Tensor:
    """What a `pooler` makes of states [items, tokens, width], of those that are a text's own
    ([items, tokens] bool): [items, width]."""
    # Padding may be no number, and nothing times that is none either.
    kept = states.masked_fill(~own[..., None], 0.0)
    found: Tensor = reader({"token_embeddings": kept, "attention_mask": own.long()}
                           )["sentence_embedding"]
    return found


def _has_own_head(folder: Path) -> bool:
    names = (_json(folder / "config.json") or {}).get("architectures") or ()
    return any("SequenceClassification" in str(name) for name in names)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

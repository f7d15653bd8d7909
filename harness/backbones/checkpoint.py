"""What a model needs against what its weights hold, from headers alone.

transformers draws at random whatever a file lacks, and goes on. Only what is to learn anyway may be
drawn: a new head, and the pooler below it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoModelForZeroShotImageClassification,
)

from harness.backbones.admission.tokenizer import check_vocabulary_fits, check_words
from harness.backbones.blocks import classification_head
from harness.backbones.handle import Handle
from harness.backbones.quiet import quietly
from harness.backbones.vectorizers import read_vectorizer
from harness.backbones.vision.comparing import compares_texts
from harness.backbones.vision.timm_models import timm_inside
from harness.backbones.weights import tensor_shapes
from harness.common.cache import cache_folder
from harness.common.capabilities import reads_words
from harness.common.errors import HarnessError
from harness.common.files import sha256_json, write_atomic
from harness.common.kinds import WeightsKind
from harness.common.provenance import provenance

Use = Literal["states", "classes", "tags", "answers", "scores", "compared"]
"""What is read of a model: its last hidden states, the classes of its head, those of each word,
words, one number for each pair of texts, or how well texts fit a picture."""
AS_SAVED: tuple[Use, ...] = ("answers", "scores", "compared")
"""Uses of which nothing learns anew: they read all of a model."""
SEEING: dict[Use, Any] = {"compared": AutoModelForZeroShotImageClassification}
"""What a model of pictures is loaded with where it is no classifier."""
POOLER, DECODER = "pooler.", "decoder."
HIDDEN = "mask_token"
"""What stands for patches that are hidden in pretraining: never read of a whole picture."""
NEW = "classifier."
"""A head beside parts that have no prefix in common, as of CLIP."""
SHOWN = 2
ADAPTER = re.compile(r"\.(base_layer|lora_(A|B|embedding_A|embedding_B|magnitude_vector)|"
                     r"modules_to_save|original_module|ia3_l)\.|^base_model\.model\.")


@dataclass(frozen=True)
class Compared:
    """Names of a model's parameters and of a file's tensors where the two do not agree."""

    missing: tuple[str, ...]
    """Parameters that the file lacks."""
    misshapen: tuple[str, ...]
    """Parameters that it holds in another shape."""
    unread: tuple[str, ...]
    """Tensors that are no parameter's."""
    prefix: str
    """Of what lies below a head."""
    wanted: int
    """Parameters in all."""
    head: tuple[str, ...] = ()
    """Parameters of a head that has no name of its own beside what lies below it."""


def compared(model: Any, info: Mapping[str, Iterable[Any]]) -> Compared:
    """A model that transformers loaded, with the loading info it gave. A buffer is computed."""
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    missing, prefix = set(info["missing_keys"]), str(getattr(model, "base_model_prefix", ""))
    return Compared(
        tuple(name for name in names if name in missing),
        tuple(sorted(name for name, *_ in info["mismatched_keys"])),
        tuple(sorted(info["unexpected_keys"])),
        f"{prefix}." if prefix and hasattr(model, prefix) else "", len(names), _inner_head(model))


def _inner_head(model: Any) -> tuple[str, ...]:
    if timm_inside(model) is None:
        return ()
    own = {id(p) for part in classification_head(model) for p in part.parameters()}
    return tuple(name for name, p in model.named_parameters() if id(p) in own)


def check_backbone(handle: Handle, use: Use) -> None:
    """Raise HarnessError where a backbone's weights lack what a use reads. None are read, and the
    same question about the same bytes is answered once. What another package reads, it looks at."""
    if handle.reader is not None:
        read_vectorizer(handle.reader, handle.path)
        return
    def check() -> None:
        _check(handle.path, handle.kind, use, handle.origin)
        if reads_words(handle.kind):
            check_words(handle.path, handle.origin)

    _once(handle, use, check)


def check_embedder(handle: Handle) -> None:
    """`check_backbone` for a sentence-transformers folder: for every transformer that it names."""
    def check() -> None:
        for folder in _transformers_of(handle.path):
            # An encoder-decoder is read as far as its encoder.
            _check(folder, "seq2seq", "states", handle.origin)
            check_words(folder, handle.origin)
            check_vocabulary_fits(folder)

    _once(handle, "sentences", check)


def check_reranker(handle: Handle) -> None:
    """`check_backbone` for a cross-encoder, whose head has learned and gives one number."""
    def check() -> None:
        _check(handle.path, handle.kind, "scores", handle.origin)
        config = AutoConfig.from_pretrained(handle.path, trust_remote_code=False)
        if config.num_labels != 1:
            raise HarnessError(f"{handle.origin}: its head gives {config.num_labels} numbers for a "
                               "pair of texts, and a reranker one",
                               "Name a cross-encoder that was trained to rank.")
        check_words(handle.path, handle.origin)

    _once(handle, "scores", check)


def _once(handle: Handle, use: str, check: Callable[[], None]) -> None:
    key = sha256_json([handle.sha256, handle.kind, use, provenance(__name__).key])[:32]
    mark = cache_folder() / "whole" / key
    if not mark.exists():
        check()
        write_atomic(mark, "")


def _transformers_of(folder: Path) -> list[Path]:
    """Folders of the transformers in a sentence-transformers folder; the folder where it names no
    modules."""
    listed = folder / "modules.json"
    modules = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else []
    named = [folder / str(module.get("path", "")) for module in modules
             if str(module.get("type", "")).endswith("Transformer")]
    return [place for place in (named or [folder]) if (place / "config.json").is_file()]


def empty_model(folder: Path, kind: WeightsKind, use: Use) -> Any:
    """The model that a folder's configuration describes, without memory for its weights."""
    with quietly(), torch.device("meta"):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        return auto_class(kind, use).from_config(config, trust_remote_code=False)


def _check(folder: Path, kind: WeightsKind, use: Use, about: str) -> None:
    if use == "compared" and not compares_texts(folder):
        raise HarnessError(f"{about}: was not trained to compare pictures with texts",
                           "Leave it out there, or name a model like CLIP or SigLIP.")
    built = empty_model(folder, kind, use)
    with quietly():
        held = {name: torch.empty(shape, device="meta") for path in folder.glob("*.safetensors")
                for name, shape in tensor_shapes(path).items()}
        model, info = type(built).from_pretrained(
            None, config=built.config, state_dict=held, device_map="meta", dtype=torch.float32,
            ignore_mismatched_sizes=True, output_loading_info=True)
    refuse_gaps(compared(model, info), kind, use, about)


def auto_class(kind: WeightsKind, use: Use) -> Any:
    """What transformers loads a kind of backbone with for a use. The states of a model of pictures
    are what its own head would read."""
    if not reads_words(kind):
        return SEEING.get(use, AutoModelForImageClassification)
    if use == "states":
        return AutoModel
    if use in ("classes", "scores"):
        return AutoModelForSequenceClassification
    if use == "tags":
        return AutoModelForTokenClassification
    return AutoModelForSeq2SeqLM if kind == "seq2seq" else AutoModelForCausalLM


def refuse_gaps(found: Compared, kind: WeightsKind, use: Use, about: str) -> None:
    """Raise HarnessError where weights lack what a use reads, have it in another shape, or hold an
    adapter that is not merged. The names, the likely cause and the remedy are said."""
    misshapen = _read(found.misshapen, found, kind, use)
    if misshapen:
        raise HarnessError(f"{about}: {misshapen[0]} is not of the size that its configuration "
                           "says", "Name a model that is whole.")
    missing = _read(found.missing, found, kind, use)
    adapter = [name for name in found.unread if ADAPTER.search(name)]
    if not missing and not adapter:
        return
    cause = next(cause for cause in CAUSES if cause.fits(found, missing))
    lacks = (f"its weights lack {len(missing)} of the model's {found.wanted} tensors "
             f"({_few(missing)}): answers would be random")
    holds = f"they hold {_few(adapter or found.unread)}, which the model has no place for"
    said = [lacks] * bool(missing) + [holds] * bool(adapter or found.unread)
    raise HarnessError(f"{about}: {'; '.join(said)}. Likely {cause.says}", cause.fix)


def _read(names: Sequence[str], found: Compared, kind: WeightsKind, use: Use) -> list[str]:
    """Those of the names that a use reads and that do not learn from nothing anyway: of a
    classifier none of the head's or the pooler's, of states none of what they are not made of."""
    if use in AS_SAVED:
        return list(names)
    prefix = found.prefix
    names = [name for name in names if not name.endswith(HIDDEN) and name not in found.head
             and not (not prefix and name.startswith(NEW))]
    unread = (POOLER, DECODER) if (kind, use) == ("seq2seq", "states") else (POOLER,)
    return [name for name in names if name.startswith(prefix)
            and not name.removeprefix(prefix).startswith(unread)]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


@dataclass(frozen=True)
class Cause:
    """Why names do not agree, and what to do."""

    fits: Callable[[Compared, list[str]], bool]
    """Whether it is likely, of what was compared and the missing names."""
    says: str
    fix: str


def _inside_another(found: Compared, missing: list[str]) -> bool:
    return any(name.endswith(f".{missing[0]}") for name in found.unread)


CAUSES = (
    Cause(lambda found, missing: any(map(ADAPTER.search, found.unread)),
          "an adapter that was not merged before it was saved",
          "Load it with PEFT, `merge_and_unload()`, and `save_pretrained` it again."),
    Cause(lambda found, missing: not any(name.startswith(found.prefix) for name in missing),
          "the model was saved without its head",
          "Save it with its head, or use `features` alone, which reads none."),
    Cause(_inside_another, "a part of a larger model, whose names stand in front",
          "`save_pretrained` the model that is inside of what was saved."),
    Cause(lambda found, missing: True, "these are another model's, or a part was left out",
          "Name a model that is whole."),
)
"""The likeliest first; the last one always fits."""

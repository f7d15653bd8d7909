"""A backbone on this machine, before any weights are read."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

from harness.backbones.admission.folder import look, look_at_files
from harness.backbones.dinov2 import converted
from harness.backbones.gguf import dequantised
from harness.backbones.vectorizers import code_of, read_vectorizer
from harness.backbones.vision.comparing import NOTE, compares_texts
from harness.backbones.vision.timm_models import is_timm
from harness.backbones.weights import tensor_shapes
from harness.backbones.wrappers import unwrapped
from harness.common.cache import cache_folder
from harness.common.capabilities import READ_ELSEWHERE
from harness.common.errors import HarnessError
from harness.common.files import sha256_json, sha256_tree, write_atomic
from harness.common.kinds import Quantize, WeightsKind
from harness.common.late import LATE
from harness.common.provenance import provenance
from harness.sources.fetch import fetch_whole
from harness.sources.fetched import Fetched
from harness.suite import LoadedSuite

KINDS: tuple[WeightsKind, ...] = tuple(kind for kind in get_args(WeightsKind)
                                      if kind != READ_ELSEWHERE)
"""Those that transformers reads."""
CALLED: dict[WeightsKind, tuple[str, str]] = {
    "encoder": ("an encoder", "an encoder"),
    "decoder": ("a causal language model", "a decoder"),
    "seq2seq": ("a sequence-to-sequence model", "a sequence-to-sequence model"),
    "image": ("a model of pictures", "a model of pictures"),
    "vectors": ("a model of another package", "a model of another package"),
}
"""Kinds as errors name them: what a folder is not, and what to name instead."""
READ_AT: dict[WeightsKind, str] = {"decoder": "its last token",
                                   "seq2seq": "what its decoder has at the text's last end token"}
"""Where a head reads those that have none by themselves."""


CONVERTED: dict[str, Callable[[Path, str], tuple[Path, str]]] = {
    ".gguf": dequantised, ".onnx": converted}
"""Files that are written once as a folder that transformers loads, by their suffix."""
LIBRARY = "pip install 'adaptation-harness[quantized]'"


@dataclass(frozen=True)
class Handle:
    """Where a backbone's files lie, what they are, and what a reader of its numbers must know."""

    name: str
    kind: WeightsKind
    path: Path
    sha256: str
    origin: str
    notes: tuple[str, ...] = ()
    quantize: Quantize | None = None
    """What its matrices are held in; `sha256` is then of the file and of this."""
    reader: str | None = None
    """What of another package reads it, and not transformers; `sha256` is then of the file and of
    that package's code."""

    @property
    def answers_apart(self) -> bool:
        """Whether an answer has a window of its own, beside the prompt's."""
        return self.kind == "seq2seq"


def get_backbone(loaded: LoadedSuite, name: str) -> Handle:
    """Fetch a backbone of a suite and check that its folder can be what the suite says.

    Raises HarnessError for a folder without config or safetensors, of the other kind, and for all
    that `look` refuses but size.
    """
    spec = loaded.suite.weights[name]
    fetched = fetch_whole(spec.source, loaded.folder)
    try:
        if spec.reader is not None:
            return _read_elsewhere(name, spec.kind, fetched, spec.reader)
        handle = _handle(name, spec.kind, fetched)
        _check_files(handle)
        _look_once(handle.path, handle.sha256)
        _check_kind(handle)
        handle = _noted(_with_head(handle, spec.used_as))
        return _quantised(_unwrapped(handle), spec.quantize)
    except HarnessError as error:
        raise loaded.error(("backbones", name), error.found, error.fix) from None


def folder_handle(folder: Path) -> Handle:
    """A local model folder, of the kind that its configuration says.

    Raises HarnessError for a folder without config or safetensors, or with code of its own.
    """
    sha256 = sha256_tree(folder)
    _check_files(Handle(folder.name, "encoder", folder, sha256, folder.name))
    _look_once(folder, sha256)
    return hashed_handle(folder, sha256)


def hashed_handle(folder: Path, sha256: str) -> Handle:
    """`folder_handle` for a folder that was looked at and whose content's hash is known."""
    handle = Handle(folder.name, _kind(_config(folder)), folder, sha256, folder.name)
    _check_files(handle)
    return _unwrapped(handle)


def get_embedder(loaded: LoadedSuite) -> Handle | None:
    """Fetch the suite's sentence-transformers model, when it names one.

    Raises HarnessError for what `look` refuses.
    """
    if loaded.suite.embedder is None:
        return None
    fetched = fetch_whole(loaded.suite.embedder, loaded.folder)
    try:
        handle = _handle("embedder", "encoder", fetched)
        if (handle.path / "config.json").is_file():
            _look_once(handle.path, handle.sha256)
        else:
            look_at_files(handle.path)
        return _unwrapped(handle)
    except HarnessError as error:
        raise loaded.error(("embedder",), error.found, error.fix) from None


def get_reranker(loaded: LoadedSuite, name: str) -> Handle:
    """Fetch a cross-encoder of the suite. Raises HarnessError for what `look` refuses."""
    fetched = fetch_whole(loaded.suite.rerankers[name], loaded.folder)
    try:
        handle = _handle(name, "encoder", fetched)
        _check_files(handle)
        _look_once(handle.path, handle.sha256)
        return _unwrapped(handle)
    except HarnessError as error:
        raise loaded.error(("rerankers", name), error.found, error.fix) from None


def parameter_count(handle: Handle) -> int:
    """Parameters in the backbone's weights, from the headers of its safetensors files, or as what
    reads it says."""
    if handle.reader is not None:
        return read_vectorizer(handle.reader, handle.path).parameters
    return sum(math.prod(shape) for path in handle.path.glob("*.safetensors")
               for shape in tensor_shapes(path).values())


def _handle(name: str, kind: WeightsKind, fetched: Fetched) -> Handle:
    convert = CONVERTED.get(fetched.path.suffix)
    if convert is None:
        return Handle(name, kind, fetched.path, fetched.sha256, fetched.origin)
    folder, note = convert(fetched.path, fetched.sha256)
    return Handle(name, kind, folder, fetched.sha256, fetched.origin, (note,))


def _read_elsewhere(name: str, kind: WeightsKind, fetched: Fetched, reader: str) -> Handle:
    """As it lies: what is in it another package knows."""
    return Handle(name, kind, fetched.path, sha256_json([fetched.sha256, reader, code_of(reader)]),
                  fetched.origin, (f"its texts' vectors are made by '{reader}'",), reader=reader)


def _unwrapped(handle: Handle) -> Handle:
    """With the names of the model's own tensors, and a note where others were in front."""
    path, notes = unwrapped(handle.path, handle.sha256)
    return dataclasses.replace(handle, path=path, notes=(*handle.notes, *notes))


def _with_head(handle: Handle, used_as: WeightsKind) -> Handle:
    """As methods take it."""
    if used_as == handle.kind:
        return handle
    note = f"it is {CALLED[handle.kind][0]}, and answers through a head on {READ_AT[handle.kind]}"
    return dataclasses.replace(handle, kind=used_as, notes=(*handle.notes, note))


def _noted(handle: Handle) -> Handle:
    """With what is to be known of a model that learned from pictures and texts."""
    if handle.kind != "image" or not compares_texts(handle.path):
        return handle
    return dataclasses.replace(handle, notes=(*handle.notes, NOTE))


def _quantised(handle: Handle, quantize: Quantize | None) -> Handle:
    """As it is held. Raises HarnessError where the library that does so is not installed."""
    if quantize is None:
        return handle
    try:
        installed = version(LATE)
    except PackageNotFoundError:
        raise HarnessError(f"quantize: {quantize} needs {LATE}, which is not installed",
                           f"Install it ({LIBRARY}), or leave `quantize` out.") from None
    note = f"its matrices are held in {quantize} ({LATE} {installed})"
    return dataclasses.replace(handle, quantize=quantize, notes=(*handle.notes, note),
                               sha256=sha256_json([handle.sha256, quantize]))


def _look_once(folder: Path, sha256: str) -> None:
    """`look`, unless the same look at the same bytes found nothing wrong before.

    Links are no bytes: where there are any, it looks each time.
    """
    mark = cache_folder() / "looked" / sha256_json([sha256, provenance(look.__module__).key])[:32]
    if not mark.exists() or any(path.is_symlink() for path in (folder, *folder.rglob("*"))):
        look(folder)
        write_atomic(mark, "")


def _check_files(handle: Handle) -> None:
    if not (handle.path / "config.json").is_file():
        raise HarnessError(f"{handle.origin}: no config.json", "Name a Hugging Face model folder.")
    if not any(handle.path.glob("*.safetensors")):
        raise HarnessError(f"{handle.origin}: no safetensors weights",
                           "Load it once where you trust it, and `save_pretrained` it again.")


def _check_kind(handle: Handle) -> None:
    config = _config(handle.path)
    if not _fits(handle.kind, config):
        what, instead = CALLED[handle.kind]
        names = _architectures(config) or config.get("model_type", "a model without a type")
        raise HarnessError(f"{handle.origin}: is {names}, not {what}",
                           f"Set `kind: {_kind(config)}`, or name {instead}.")


def _fits(kind: WeightsKind, config: dict[str, Any]) -> bool:
    """Whether a model can be of a kind: one whose configuration does not say may be either of
    those with one stack, and some encoders (FlauBERT) call their head one of a language model."""
    names, found = _architectures(config), _kind(config)
    if {"seq2seq", "image"} & {kind, found}:
        return kind == found
    if kind == "encoder":
        return "CausalLM" not in names and "GPT2LMHead" not in names
    return not names or found == "decoder"


def _kind(config: dict[str, Any]) -> WeightsKind:
    """What a configuration describes. An encoder-decoder with a classification head, as of BART,
    is an encoder to those who use it."""
    names = _architectures(config)
    if _of_pictures(config, names):
        return "image"
    if config.get("is_encoder_decoder") is True and "Classification" not in names:
        return "seq2seq"
    return "decoder" if "CausalLM" in names or "LMHead" in names else "encoder"


def _of_pictures(config: dict[str, Any], names: str) -> bool:
    """Whether transformers makes an image classifier of it. Some types of models have text in them,
    too, and are read here as far as they read pictures."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES as IMAGE_TYPES,
    )
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES as TEXT_TYPES,
    )

    kind = config.get("model_type")
    return "ForImageClassification" in names or is_timm(config) or (
        kind in IMAGE_TYPES and kind not in TEXT_TYPES)


def _architectures(config: dict[str, Any]) -> str:
    names = config.get("architectures")
    return " ".join(map(str, names)) if isinstance(names, list) else ""


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return config if isinstance(config, dict) else {}

"""A model folder from a stranger, looked at before any of it is loaded.

Weights are read from safetensors alone and no code of a folder is ever run; what a folder can
still do is be huge, lie about its size, or point outside itself.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel

from harness.backbones.admission.adapter import ADAPTER_CONFIG, check_adapter, try_patterns
from harness.backbones.admission.image_processor import check_image_processor
from harness.backbones.admission.tokenizer import check_tokenizer, check_vocabulary_fits
from harness.backbones.quiet import quietly
from harness.backbones.vision.timm_models import check_timm
from harness.backbones.weights import Shapes, tensor_shapes
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.common.leaves import leaves
from harness.processes.bounded import bounded

MAX_BYTES = 20_000_000_000
MAX_FILES = 2_000
MAX_JSON_BYTES = 200_000_000
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
CONFIG = "config.json"
UNSAVED_SHARE = 1.5
"""A head that the file lacks may add parameters; more than this share of the file's is no head."""
ROOM = 10_000_000
MOST_IN_CONFIG = 4_096
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
TOKENIZER_FILES = ("vocab", "merges", "vocab_file", "merges_file", "tokenizer_file", "spm_file")


@dataclass(frozen=True)
class Admitted:
    """A folder that may be loaded."""

    path: Path
    sha256: str
    bytes: int
    parameters: int
    """In the folder's safetensors files."""
    is_adapter: bool


@dataclass(frozen=True)
class Looked:
    """What a look at a folder found."""

    bytes: int
    parameters: int
    is_adapter: bool


def admit(folder: Path, most_bytes: int = MAX_BYTES) -> Admitted:
    """Look at every file of a model or adapter folder without loading weights.

    Raises HarnessError as `look` does.
    """
    found = look(folder, most_bytes)
    return Admitted(folder, sha256_tree(folder), found.bytes, found.parameters, found.is_adapter)


def look(folder: Path, most_bytes: float = math.inf) -> Looked:
    """Look at every file of a folder, with limits on time and memory.

    Raises HarnessError for no folder, links that leave it, more than `most_bytes` bytes, weights
    in pickle alone, damaged safetensors or JSON, code of its own, a configuration that asks
    for far more parameters than the files hold, a tokenizer with more tokens than the model knows,
    one, a chat template or an image processor that does harm, and whatever of it does not come to
    an end.
    """
    found: Looked = bounded(_look, folder, most_bytes, about=str(folder))
    return found


def look_at_files(folder: Path) -> None:
    """`look` without the model: for folders that lay their models out in their own way."""
    bounded(_files_of, folder, math.inf, about=str(folder))


def _files_of(folder: Path, most_bytes: float) -> list[Path]:
    files = files_within(folder, most_bytes)
    _check_weights(folder, files, (folder / ADAPTER_CONFIG).is_file())
    check_each_json(files)
    return files


def files_within(folder: Path, most_bytes: float) -> list[Path]:
    """Every file of a folder. Raises HarnessError for links that leave it, and more bytes."""
    files = list(_files(folder))
    size = sum(path.stat().st_size for path in files)
    if size > most_bytes:
        raise HarnessError(f"{folder}: {size:,} bytes, more than the {most_bytes:,.0f} allowed",
                           "Raise `candidate_bytes_at_most` in the gate's policy, or send less.")
    return files


def check_each_json(files: list[Path]) -> None:
    """Raise HarnessError for JSON that is damaged, very large, or names code."""
    for path in files:
        if path.suffix == ".json":
            _check_json(path)


def _look(folder: Path, most_bytes: float) -> Looked:
    if not folder.is_dir():
        raise HarnessError(f"{folder}: there is no such folder",
                           "Name a Hugging Face model folder or a PEFT adapter folder.")
    adapter = (folder / ADAPTER_CONFIG).is_file()
    if not adapter and not (folder / CONFIG).is_file():
        raise HarnessError(f"{folder}: neither {CONFIG} nor {ADAPTER_CONFIG}",
                           "Name a Hugging Face model folder or a PEFT adapter folder.")
    files = _files_of(folder, most_bytes)
    shapes = {path: tensor_shapes(path) for path in files if path.suffix == ".safetensors"}
    most = max([MOST_IN_CONFIG, *(n for found in shapes.values() for s in found.values()
                                  for n in s)])
    if adapter:
        check_adapter(folder, most)
        try_patterns(folder, [name for found in shapes.values() for name in found])
        check_names(folder)
        check_tokenizer(folder)
    else:
        check_names(folder)
        _check_model(folder, {path.name: found for path, found in shapes.items()
                              if path.parent == folder.resolve()}, most)
        check_tokenizer(folder)
        check_vocabulary_fits(folder)
        check_image_processor(folder)
    parameters = sum(math.prod(s) for found in shapes.values() for s in found.values())
    return Looked(sum(path.stat().st_size for path in files), parameters, adapter)


def check_unchanged(admitted: Admitted) -> None:
    """Raise HarnessError when the folder is not what was admitted."""
    if sha256_tree(admitted.path) != admitted.sha256:
        raise HarnessError(f"{admitted.path}: changed while it was judged",
                           "Judge a folder that nobody writes to.")


def _files(folder: Path) -> Iterator[Path]:
    """Every file below the folder. Raises HarnessError for links and special files."""
    root, count = folder.resolve(), 0
    # A snapshot in the Hugging Face cache is links to the blobs beside it.
    homes = (root, root.parent.parent / "blobs")
    for place, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(place, name)
            if path.is_symlink() and not _leads_to(path, homes):
                raise HarnessError(f"{folder}: {name} is a link that leaves the folder",
                                   "Copy the file itself.")
            if name in names:
                count += 1
                if not path.is_file() or count > MAX_FILES:
                    raise HarnessError(f"{folder}: {name} is not a plain file, or one of more "
                                       f"than {MAX_FILES} files", "Send the model's files alone.")
                yield path


def _leads_to(path: Path, homes: tuple[Path, ...]) -> bool:
    try:
        return any(map(path.resolve().is_relative_to, homes))
    except (OSError, RuntimeError):  # a loop of links
        return False


def _check_weights(folder: Path, files: list[Path], adapter: bool) -> None:
    if any(path.suffix == ".safetensors" for path in files):
        return
    if any(path.suffix in PICKLES for path in files):
        loader = ("AutoPeftModel" if adapter else "AutoModel…")
        library = "peft" if adapter else "transformers"
        raise HarnessError(
            f"{folder}: its weights are in pickle, which can run code and is never read",
            f"Convert it where you trust it: load it with {library}'s "
            f"{loader}.from_pretrained(...) and save it with save_pretrained(...), which writes "
            "safetensors.")
    raise HarnessError(f"{folder}: no safetensors weights", "Save the model again.")


def _check_json(path: Path) -> None:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise HarnessError(f"{path}: larger than {MAX_JSON_BYTES:,} bytes", "Is this a model?")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise HarnessError(f"{path}: not JSON ({type(error).__name__})",
                           "Copy or save it again.") from None
    if isinstance(content, dict) and content.get("auto_map"):
        raise HarnessError(f"{path}: needs code of its own, which is never run",
                           "Use a model that transformers itself supports.")


def check_names(folder: Path) -> None:
    """A tokenizer's own files only: its configuration may name others by path."""
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for name in TOKENIZER_FILES:
        value = config.get(name) if isinstance(config, dict) else None
        if isinstance(value, str) and value != Path(value).name:
            raise HarnessError(f"{path}: {name} lies outside the folder",
                               "Save the tokenizer again, with its files beside it.")


def _check_model(folder: Path, weights: dict[str, Shapes], most: int) -> None:
    """Compare what the configuration would build with the weights that would be read."""
    shapes = [shape for name in _weights_read(folder, set(weights))
              for shape in weights[name].values()]
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise HarnessError(f"{folder}: {CONFIG} is no mapping", "Save the model again.")
    for name, value in leaves(config):
        if name.endswith("implementation") and isinstance(value, str) and "/" in value:
            raise HarnessError(f"{folder}: {CONFIG} names code elsewhere ({name}: {value})",
                               "Use a model that transformers itself supports.")
    labels = config.get("num_labels", 0)
    if isinstance(labels, int) and labels > most:
        raise HarnessError(f"{folder}: {CONFIG} asks for {labels:,} classes; the largest tensor "
                           f"has {most:,}", "Send the configuration of these weights.")
    _check_promise(folder, len(shapes), sum(math.prod(shape) for shape in shapes))


def _weights_read(folder: Path, names: set[str]) -> set[str]:
    """The files that transformers will read: one, or those that an index names."""
    if SINGLE in names:
        return {SINGLE}
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        mapped = set(index["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise HarnessError(f"{folder}: neither {SINGLE} nor a sound {INDEX}",
                           "Save the model with `save_pretrained`.") from None
    if not mapped or not mapped <= names:
        raise HarnessError(f"{folder}: {INDEX} names files that are not safetensors of the folder",
                           "Save the model again.")
    return mapped


def _check_promise(folder: Path, tensors: int, parameters: int) -> None:
    check_timm(folder)
    try:
        with quietly():
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # whatever a stranger's values make a library raise
        raise HarnessError(f"{folder}: {CONFIG} cannot be read: {_line(error)}",
                           "Name a model that transformers can load.") from None
    check_asked(f"{folder}: {CONFIG}", config, tensors, parameters)


def check_asked(about: str, config: Any, tensors: int, parameters: int) -> None:
    """Raise HarnessError for a configuration that describes far more than weights hold."""
    layers = getattr(config, "num_hidden_layers", 0)
    if isinstance(layers, int) and layers > tensors:
        raise HarnessError(f"{about} asks for {layers:,} layers, the weights hold "
                           f"{tensors:,} tensors", "Send the configuration of these weights.")
    asked = _asked(about, config)
    if asked > UNSAVED_SHARE * parameters + ROOM:
        raise HarnessError(f"{about} asks for {asked:,} parameters, the weights hold "
                           f"{parameters:,}", "Send the configuration of these weights.")


def _asked(about: str, config: Any) -> int:
    """Parameters of the model that a configuration describes, built without memory."""
    try:
        with quietly(), torch.device("meta"):
            model = AutoModel.from_config(config, trust_remote_code=False)
    except Exception as error:  # whatever a stranger's values make a library raise
        raise HarnessError(f"{about} does not describe a model: {_line(error)}",
                           "Name a model that transformers can load.") from None
    return sum(parameter.numel() for parameter in model.parameters())


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

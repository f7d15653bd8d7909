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
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModel

from harness.backbones.quiet import quietly
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree

MAX_BYTES = 20_000_000_000
MAX_FILES = 2_000
MAX_JSON_BYTES = 200_000_000
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
ADAPTER_CONFIG, CONFIG = "adapter_config.json", "config.json"
UNSAVED_SHARE = 1.5
"""A head that the file lacks may add parameters; more than this share of the file's is no head."""
ROOM = 10_000_000
MOST_IN_ADAPTER = 4_096


@dataclass(frozen=True)
class Admitted:
    """A folder that may be loaded."""

    path: Path
    sha256: str
    bytes: int
    parameters: int
    """In the folder's safetensors files."""
    is_adapter: bool


def admit(folder: Path, most_bytes: int = MAX_BYTES) -> Admitted:
    """Look at every file of a model or adapter folder without loading weights.

    Raises HarnessError for no folder, links that leave it, more than `most_bytes` bytes, weights
    in pickle alone, damaged safetensors or JSON, code of its own, and a configuration that asks
    for far more parameters than the files hold.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder}: there is no such folder",
                           "Name a Hugging Face model folder or a PEFT adapter folder.")
    files = list(_files(folder))
    size = sum(path.stat().st_size for path in files)
    if size > most_bytes:
        raise HarnessError(f"{folder}: {size:,} bytes, more than the {most_bytes:,} allowed",
                           "Raise `candidate_bytes_at_most` in the gate's policy, or send less.")
    adapter = (folder / ADAPTER_CONFIG).is_file()
    if not adapter and not (folder / CONFIG).is_file():
        raise HarnessError(f"{folder}: neither {CONFIG} nor {ADAPTER_CONFIG}",
                           "Name a Hugging Face model folder or a PEFT adapter folder.")
    _check_weights(folder, files, adapter)
    for path in files:
        if path.suffix == ".json":
            _check_json(path)
    parameters = sum(_parameters(path) for path in files if path.suffix == ".safetensors")
    if adapter:
        _check_sizes(folder)
    else:
        _check_promise(folder, parameters)
    return Admitted(folder, sha256_tree(folder), size, parameters, adapter)


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor in a safetensors file. Raises HarnessError for a damaged one."""
    try:
        with safe_open(path, framework="pt") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape())
                    for name in tensors.keys()}  # noqa: SIM118  (not a mapping)
    except (SafetensorError, OSError) as error:
        raise HarnessError(f"{path}: not a whole safetensors file ({error})",
                           "Copy or save it again.") from None


def _files(folder: Path) -> Iterator[Path]:
    """Every file below the folder. Raises HarnessError for links and special files."""
    root, count = folder.resolve(), 0
    # A snapshot in the Hugging Face cache is links to the blobs beside it.
    homes = (root, root.parent.parent / "blobs")
    for place, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(place, name)
            if path.is_symlink() and not any(map(path.resolve().is_relative_to, homes)):
                raise HarnessError(f"{folder}: {name} is a link that leaves the folder",
                                   "Copy the file itself.")
            if name in names:
                count += 1
                if not path.is_file() or count > MAX_FILES:
                    raise HarnessError(f"{folder}: {name} is not a plain file, or one of more "
                                       f"than {MAX_FILES} files", "Send the model's files alone.")
                yield path


def _check_weights(folder: Path, files: list[Path], adapter: bool) -> None:
    if any(path.suffix == ".safetensors" for path in files):
        return
    if any(path.suffix in PICKLES for path in files):
        loader = ("AutoPeftModel" if adapter else "AutoModel…")
        library = "peft" if adapter else "transformers"
        raise HarnessError(
            f"{folder}: its weights are in pickle, which can run code and is never read",
            f"Convert it where you trust it: load it with {library}'s "
            f"{loader}.from_pretrained(...) and save_pretrained(..., safe_serialization=True).")
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


def _parameters(path: Path) -> int:
    return sum(math.prod(shape) for shape in tensor_shapes(path).values())


def _check_sizes(folder: Path) -> None:
    """An adapter's configuration is built before its weights are read: no number in it may be
    beyond what its tensors could be of."""
    shapes = [n for path in folder.glob("*.safetensors")
              for shape in tensor_shapes(path).values() for n in shape]
    most = max([MOST_IN_ADAPTER, *shapes])
    config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    asked = {name: value for name, value in config.items()
             if isinstance(value, int) and value > most} if isinstance(config, dict) else {}
    for name, value in asked.items():
        raise HarnessError(f"{folder}: {ADAPTER_CONFIG} asks for {name} {value:,}; the largest "
                           f"tensor has {most:,}", "Send the configuration of these weights.")


def _check_promise(folder: Path, parameters: int) -> None:
    """Compare what the configuration would build with what the files hold."""
    try:
        with quietly():
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # whatever a stranger's values make a library raise
        raise HarnessError(f"{folder}: {CONFIG} cannot be read: {_line(error)}",
                           "Name a model that transformers can load.") from None
    tensors = sum(len(tensor_shapes(p)) for p in folder.glob("*.safetensors"))
    layers = getattr(config, "num_hidden_layers", 0)
    if isinstance(layers, int) and layers > tensors:
        raise HarnessError(f"{folder}: {CONFIG} asks for {layers:,} layers, the weights hold "
                           f"{tensors:,} tensors", "Send the configuration of these weights.")
    asked = _asked(folder, config)
    if asked > UNSAVED_SHARE * parameters + ROOM:
        raise HarnessError(f"{folder}: {CONFIG} asks for {asked:,} parameters, the weights hold "
                           f"{parameters:,}", "Send the configuration of these weights.")


def _asked(folder: Path, config: Any) -> int:
    """Parameters of the model that a configuration describes, built without memory."""
    try:
        with quietly(), torch.device("meta"):
            model = AutoModel.from_config(config, trust_remote_code=False)
    except Exception as error:  # whatever a stranger's values make a library raise
        raise HarnessError(f"{folder}: {CONFIG} does not describe a model: {_line(error)}",
                           "Name a model that transformers can load.") from None
    return sum(parameter.numel() for parameter in model.parameters())


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

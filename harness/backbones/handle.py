"""A backbone on this machine, before any weights are read."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.backbones.gguf import dequantised
from harness.backbones.weights import tensor_shapes
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.sources import Fetched, fetch
from harness.suite import LoadedSuite

Kind = Literal["encoder", "decoder"]


@dataclass(frozen=True)
class Handle:
    """Where a backbone's files lie, what they are, and what a reader of its numbers must know."""

    name: str
    kind: Kind
    path: Path
    sha256: str
    origin: str
    notes: tuple[str, ...] = ()


def get_backbone(loaded: LoadedSuite, name: str) -> Handle:
    """Fetch a backbone of a suite and check that its folder can be what the suite says.

    Raises HarnessError for a folder without config or safetensors, or of the other kind.
    """
    spec = loaded.suite.backbones[name]
    fetched = fetch(spec.source, loaded.folder)
    handle = _handle(name, spec.kind, fetched)
    try:
        _check(handle)
    except HarnessError as error:
        raise loaded.error(("backbones", name), error.found, error.fix) from None
    return handle


def folder_handle(folder: Path) -> Handle:
    """A local model folder, of the kind that its configuration says.

    Raises HarnessError for a folder without config or safetensors, or with code of its own.
    """
    return hashed_handle(folder, sha256_tree(folder))


def hashed_handle(folder: Path, sha256: str) -> Handle:
    """`folder_handle` where the hash of the folder's content is known."""
    config_path = folder / "config.json"
    names = " ".join(json.loads(config_path.read_text()).get("architectures") or []) \
        if config_path.is_file() else ""
    kind: Kind = "decoder" if "CausalLM" in names or "LMHead" in names else "encoder"
    handle = Handle(folder.name, kind, folder, sha256, folder.name)
    _check(handle)
    return handle


def get_embedder(loaded: LoadedSuite) -> Handle | None:
    """Fetch the suite's sentence-transformers model, when it names one."""
    if loaded.suite.embedder is None:
        return None
    return _handle("embedder", "encoder", fetch(loaded.suite.embedder, loaded.folder))


def parameter_count(handle: Handle) -> int:
    """Parameters in the backbone's weights, from the headers of its safetensors files."""
    return sum(math.prod(shape) for path in handle.path.glob("*.safetensors")
               for shape in tensor_shapes(path).values())


def _handle(name: str, kind: Kind, fetched: Fetched) -> Handle:
    if fetched.path.suffix != ".gguf":
        return Handle(name, kind, fetched.path, fetched.sha256, fetched.origin)
    folder, note = dequantised(fetched.path, fetched.sha256)
    return Handle(name, kind, folder, fetched.sha256, fetched.origin, (note,))


def _check(handle: Handle) -> None:
    config_path = handle.path / "config.json"
    if not config_path.is_file():
        raise HarnessError(f"{handle.origin}: no config.json", "Name a Hugging Face model folder.")
    if not any(handle.path.glob("*.safetensors")):
        raise HarnessError(f"{handle.origin}: no safetensors weights",
                           "Load it once where you trust it, and `save_pretrained` it again.")
    config = json.loads(config_path.read_text())
    if "auto_map" in config:
        raise HarnessError(f"{handle.origin}: needs code of its own, which is never run",
                           "Use a model that transformers itself supports.")
    names = " ".join(config.get("architectures") or [])
    if handle.kind == "decoder" and names and "CausalLM" not in names and "LMHead" not in names:
        raise HarnessError(f"{handle.origin}: is {names}, not a causal language model",
                           "Set `kind: encoder`, or name a decoder.")
    if handle.kind == "encoder" and ("CausalLM" in names or "GPT2LMHead" in names):
        raise HarnessError(f"{handle.origin}: is {names}, not an encoder",
                           "Set `kind: decoder`, or name an encoder.")

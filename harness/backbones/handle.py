"""A backbone on this machine, before any weights are read."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from harness.backbones.admission import look, look_at_files
from harness.backbones.gguf import dequantised
from harness.backbones.weights import tensor_shapes
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.sources import Fetched, fetch_whole
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

    Raises HarnessError for a folder without config or safetensors, of the other kind, and for all
    that `look` refuses but size.
    """
    spec = loaded.suite.backbones[name]
    fetched = fetch_whole(spec.source, loaded.folder)
    try:
        handle = _handle(name, spec.kind, fetched)
        _check_files(handle)
        _look_once(handle.path, handle.sha256)
        _check_kind(handle)
    except HarnessError as error:
        raise loaded.error(("backbones", name), error.found, error.fix) from None
    return handle


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
    names = _architectures(folder)
    kind: Kind = "decoder" if "CausalLM" in names or "LMHead" in names else "encoder"
    handle = Handle(folder.name, kind, folder, sha256, folder.name)
    _check_files(handle)
    return handle


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
    except HarnessError as error:
        raise loaded.error(("embedder",), error.found, error.fix) from None
    return handle


def parameter_count(handle: Handle) -> int:
    """Parameters in the backbone's weights, from the headers of its safetensors files."""
    return sum(math.prod(shape) for path in handle.path.glob("*.safetensors")
               for shape in tensor_shapes(path).values())


def _handle(name: str, kind: Kind, fetched: Fetched) -> Handle:
    if fetched.path.suffix != ".gguf":
        return Handle(name, kind, fetched.path, fetched.sha256, fetched.origin)
    folder, note = dequantised(fetched.path, fetched.sha256)
    return Handle(name, kind, folder, fetched.sha256, fetched.origin, (note,))


@cache
def _look_once(folder: Path, sha256: str) -> None:
    """A gate asks for the same backbone several times, and it may be the embedder too; `sha256`
    tells a folder that changed."""
    look(folder)


def _check_files(handle: Handle) -> None:
    if not (handle.path / "config.json").is_file():
        raise HarnessError(f"{handle.origin}: no config.json", "Name a Hugging Face model folder.")
    if not any(handle.path.glob("*.safetensors")):
        raise HarnessError(f"{handle.origin}: no safetensors weights",
                           "Load it once where you trust it, and `save_pretrained` it again.")


def _check_kind(handle: Handle) -> None:
    names = _architectures(handle.path)
    if handle.kind == "decoder" and names and "CausalLM" not in names and "LMHead" not in names:
        raise HarnessError(f"{handle.origin}: is {names}, not a causal language model",
                           "Set `kind: encoder`, or name a decoder.")
    if handle.kind == "encoder" and ("CausalLM" in names or "GPT2LMHead" in names):
        raise HarnessError(f"{handle.origin}: is {names}, not an encoder",
                           "Set `kind: decoder`, or name an encoder.")


def _architectures(folder: Path) -> str:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    names = config.get("architectures") if isinstance(config, dict) else None
    return " ".join(map(str, names)) if isinstance(names, list) else ""

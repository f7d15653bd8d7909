"""Names that a wrapper gave the tensors of a file, taken off.

A model that is saved while it is compiled or spread over devices has its wrapper's name in front of
every tensor's. transformers finds none of them then, and draws the model at random.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from harness.backbones.weights import tensor_shapes, write_renamed
from harness.common.cache import cache_folder
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.provenance import provenance

INSIDE = re.compile(r"(?:^|(?<=\.))(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""Never a name of a model's own: a wrapper's wherever it stands."""
IN_FRONT = "module."
"""A wrapper's where every name of a file begins with it (data parallel, DeepSpeed)."""
SAVED_FROM = {
    "_orig_mod": "a compiled model", "module": "a data-parallel model",
    "_fsdp_wrapped_module": "a sharded model",
    "_checkpoint_wrapped_module": "a model with checkpointed activations",
}
INDEX = "*.safetensors.index.json"
UNREAD = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.onnx", "*.h5", "*.msgpack",
          "*.safetensors")


def bare_names(names: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Every name without its wrappers', and the wrappers in order of the alphabet.

    Wrappers may stand in each other. Where two names would become one, all stay as they are.
    """
    bare = {name: name for name in names}
    found: set[str] = set()
    while True:
        wrappers = {wrapper for name in bare.values() for wrapper in INSIDE.findall(name)}
        if bare and all(name.startswith(IN_FRONT) for name in bare.values()):
            wrappers.add(IN_FRONT.rstrip("."))
            bare = {name: now.removeprefix(IN_FRONT) for name, now in bare.items()}
        if not wrappers:
            break
        found |= wrappers
        bare = {name: INSIDE.sub("", now) for name, now in bare.items()}
    if len(set(bare.values())) < len(bare):
        return {name: name for name in bare}, ()
    return bare, tuple(sorted(found))


def unwrapped(folder: Path, sha256: str) -> tuple[Path, tuple[str, ...]]:
    """The folder, or a copy in the cache in which the tensors have the model's own names, with a
    note on what was taken off. `sha256` is of the folder's content."""
    renamed = {path: bare_names(tensor_shapes(path)) for path in folder.rglob("*.safetensors")}
    wrappers = sorted({wrapper for _, found in renamed.values() for wrapper in found})
    if not wrappers:
        return folder, ()
    bare = {path: names for path, (names, _) in renamed.items()}
    key = sha256_json([sha256, wrappers, provenance(__name__).key])[:32]
    copy = cache_folder() / "unwrapped" / key / folder.name
    kept_folder(copy, partial(_copy, folder, bare))
    return copy, tuple(f"the weights' names held `{wrapper}.` (saved from {SAVED_FROM[wrapper]}); "
                       "it is taken off" for wrapper in wrappers)


def _copy(folder: Path, bare: Mapping[Path, dict[str, str]], into: Path) -> None:
    shutil.copytree(folder, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*UNREAD))
    for path, names in bare.items():
        write_renamed(path, names, into / path.relative_to(folder))
    for path in into.rglob(INDEX):
        index = json.loads(path.read_text(encoding="utf-8"))
        beside = folder / path.relative_to(into).parent
        index["weight_map"] = {bare.get(beside / file, {}).get(name, name): file
                               for name, file in index["weight_map"].items()}
        path.write_text(json.dumps(index), encoding="utf-8")

"""What a safetensors file holds, from its header."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open

from harness.common.errors import HarnessError

Shapes = dict[str, tuple[int, ...]]


def tensor_shapes(path: Path) -> Shapes:
    """Shape of every tensor in a safetensors file. Raises HarnessError for a damaged one."""
    try:
        with safe_open(path, framework="pt") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape())
                    for name in tensors.keys()}  # noqa: SIM118  (not a mapping)
    except (SafetensorError, OSError) as error:
        raise HarnessError(f"{path}: not a whole safetensors file ({error})",
                           "Copy or save it again.") from None


def write_renamed(path: Path, names: Mapping[str, str], output: Path) -> None:
    """Copy a sound safetensors file with other names of its tensors; the bytes stay the same.

    A file is the length of its header in 8 bytes, the header as JSON, and the tensors' bytes, by
    the offsets that the header gives (huggingface.co/docs/safetensors).
    """
    with path.open("rb") as source, output.open("wb") as target:
        header = json.loads(source.read(int.from_bytes(source.read(8), "little")))
        renamed = json.dumps({names.get(name, name): value for name, value in header.items()})
        # Tensors are mapped into memory where they lie: they begin at a multiple of 8 bytes.
        text = renamed.encode()
        text += b" " * (-len(text) % 8)
        target.write(len(text).to_bytes(8, "little") + text)
        shutil.copyfileobj(source, target)

"""What a safetensors file holds, from its header."""

from __future__ import annotations

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

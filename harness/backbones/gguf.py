"""GGUF files: dequantised once into an ordinary safetensors folder in the cache."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path

from filelock import FileLock

from harness.backbones.quiet import quietly
from harness.common.files import atomic_folder
from harness.sources.cache import cache_folder


def dequantised(path: Path, sha256: str) -> tuple[Path, str]:
    """The folder of the fp32 safetensors model made from a GGUF file, and a note on its origin.

    transformers marks a model read from GGUF as quantised and then refuses to train or save it;
    the weights are plain tensors, so they are copied into a model with a clean configuration.
    """
    note = f"the weights were quantised ({path.stem.rsplit('.', 1)[-1]}) and are dequantised here"
    folder = cache_folder() / "dequantised" / f"{path.stem}-{sha256[:16]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not folder.exists():
                _convert(path, folder)
    return folder, note


def _convert(path: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # The reader's progress bar does not listen to transformers' own switch.
    with quietly(), redirect_stderr(io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        read = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32
        )
        values = read.config.to_dict()
        for name in ("quantization_config", "_name_or_path"):
            values.pop(name, None)
        clean = AutoModelForCausalLM.from_config(type(read.config)(**values))
        clean.load_state_dict(read.state_dict())
        with atomic_folder(folder) as temporary:
            clean.save_pretrained(temporary)
            tokenizer.save_pretrained(temporary)

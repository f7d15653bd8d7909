"""A model that was tuned elsewhere: a Hugging Face folder, or a PEFT adapter with its base."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from peft import PeftModel, get_peft_model_state_dict
from safetensors import SafetensorError, safe_open

from harness.backbones.handle import Handle, folder_handle
from harness.backbones.load import Loaded, load_tokenizer, load_with_head
from harness.backbones.quiet import quietly
from harness.common.errors import HarnessError

ADAPTER = "adapter_model.safetensors"
HEADS = ("classifier.weight", "score.weight", "classifier.out_proj.weight")


def load_tuned(folder: Path, base: Handle, device: str) -> Loaded:
    """The tuned model in `folder`, on `base` where it is an adapter. Reads safetensors only.

    Raises HarnessError for a folder that is neither, a pickle, code of its own, a vocabulary that
    is not the base's, and an adapter that does not fit the base.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder}: there is no such folder",
                           "Name a Hugging Face model folder or a PEFT adapter folder.")
    if (folder / "adapter_config.json").is_file():
        return _adapter(folder, base, device)
    handle = folder_handle(folder)
    if handle.kind != base.kind:
        raise HarnessError(f"{folder}: is of kind {handle.kind}, its base {base.name} of kind "
                           f"{base.kind}",
                           "Name the base it was tuned from.")
    own_tokenizer = any((folder / name).exists()
                        for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"))
    _check_vocabulary(folder, handle if own_tokenizer else base, base)
    loaded = _load(handle, device, _classes(folder / "model.safetensors"))
    return loaded if own_tokenizer else dataclasses.replace(
        loaded, tokenizer=load_tokenizer(base))


def _adapter(folder: Path, base: Handle, device: str) -> Loaded:
    weights = folder / ADAPTER
    if not weights.is_file():
        raise HarnessError(f"{folder}: no {ADAPTER}; weights in pickle are never read",
                           "Load the adapter once where you trust it, and `save_pretrained` it "
                           "again.")
    loaded = _load(base, device, _classes(weights))
    try:
        with quietly():
            loaded.model = PeftModel.from_pretrained(loaded.model, str(folder))
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        raise HarnessError(f"{folder}: the adapter does not fit {base.name}: "
                           f"{' '.join(str(error).split())[:200]}",
                           "Name the base that it was trained on.") from None
    strangers = _names(weights) - set(get_peft_model_state_dict(loaded.model))
    if strangers:
        raise HarnessError(f"{folder}: {base.name} has no place for {len(strangers)} of the "
                           f"adapter's tensors ({min(strangers)})",
                           "Name the base that it was trained on.")
    loaded.model.eval()
    return loaded


def _load(handle: Handle, device: str, classes: int) -> Loaded:
    return load_with_head(handle, tuple(str(i) for i in range(classes)), device)


def _classes(weights: Path) -> int:
    """Classes of the head among the weights; 2 where there is none."""
    if not weights.is_file():
        return 2
    with _opened(weights) as tensors:
        for name in tensors.keys():  # noqa: SIM118  (not a mapping)
            if name.endswith(HEADS):
                return int(tensors.get_slice(name).get_shape()[0])
    return 2


def _names(weights: Path) -> set[str]:
    with _opened(weights) as tensors:
        return set(tensors.keys())


def _opened(weights: Path) -> safe_open:
    try:
        return safe_open(weights, framework="pt")
    except (SafetensorError, OSError) as error:
        raise HarnessError(f"{weights}: not a whole safetensors file ({error})",
                           "Copy or save it again.") from None


def _check_vocabulary(folder: Path, tuned: Handle, base: Handle) -> None:
    ours, theirs = (load_tokenizer(handle).get_vocab() for handle in (base, tuned))
    if ours != theirs:
        differing = len(set(ours.items()) ^ set(theirs.items()))
        raise HarnessError(f"{folder}: its vocabulary ({len(theirs)} tokens) is not that of "
                           f"{base.name} ({len(ours)} tokens): {differing} entries differ",
                           "Compare a model with the base it was tuned from.")

"""A model that was tuned elsewhere: a Hugging Face folder, or a PEFT adapter with its base."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoConfig

from harness.backbones.admission import Admitted
from harness.backbones.handle import Handle, hashed_handle
from harness.backbones.load import Loaded, load_tokenizer, load_with_head
from harness.backbones.quiet import quietly
from harness.backbones.weights import Shapes, tensor_shapes
from harness.common.errors import HarnessError
from harness.methods.adapter_running import make_ready
from harness.methods.adapters import FRESH

ADAPTER = "adapter_model.safetensors"
HEADS = ("classifier.weight", "score.weight", "classifier.out_proj.weight")
TOKENIZERS = ("tokenizer.json", "tokenizer_config.json", "vocab.txt")


def load_tuned(admitted: Admitted, base: Handle | None, device: str) -> Loaded:
    """The tuned model of an admitted folder. An adapter goes on `base`, and so does the tokenizer
    of a folder without one.

    `fresh` of the result names what the folder lacks and was drawn at random. Raises HarnessError
    for an adapter without a base or of another base, and a model of another kind than its base.
    """
    folder = admitted.path
    if admitted.is_adapter:
        if base is None:
            raise HarnessError(f"{folder}: an adapter needs the model it was trained on",
                               "Name it with --base.")
        return _adapter(folder, base, device)
    handle = hashed_handle(folder, admitted.sha256)
    if base is not None and handle.kind != base.kind:
        raise HarnessError(f"{folder}: is of kind {handle.kind}, its base {base.name} of kind "
                           f"{base.kind}", "Name the base it was tuned from.")
    if not _has_tokenizer(folder):
        if base is None:
            raise HarnessError(f"{folder}: has no tokenizer",
                               "Save it beside the model, or name the base with --base.")
        return dataclasses.replace(_whole(folder, handle, device), tokenizer=load_tokenizer(base))
    return _whole(folder, handle, device)


def check_vocabulary(admitted: Admitted, base: Handle) -> None:
    """Raise HarnessError when the tuned model reads other tokens than its base."""
    if admitted.is_adapter or not _has_tokenizer(admitted.path):
        return
    ours = load_tokenizer(base).get_vocab()
    theirs = load_tokenizer(hashed_handle(admitted.path, admitted.sha256)).get_vocab()
    if ours != theirs:
        differing = len(set(ours.items()) ^ set(theirs.items()))
        raise HarnessError(f"{admitted.path}: its vocabulary ({len(theirs)} tokens) is not that "
                           f"of {base.name} ({len(ours)} tokens): {differing} entries differ",
                           "Compare a model with the base it was tuned from.")


def check_descent(admitted: Admitted, base: Handle) -> None:
    """Raise HarnessError when a whole model does not have its base's blocks, each of its shape."""
    if admitted.is_adapter:
        return
    mine = _blocks(admitted.path)
    for name, shape in _blocks(base.path).items():
        if mine.get(name) != shape:
            raise HarnessError(f"{admitted.path}: is not tuned from {base.name}: {name} is "
                               f"{mine.get(name) or 'absent'}, there {shape}",
                               "Name the base it was tuned from with --base.")


def _blocks(folder: Path) -> Shapes:
    """Shapes of the tensors of transformer blocks, by the last part of their names on."""
    found = {}
    for path in folder.glob("*.safetensors"):
        for name, shape in tensor_shapes(path).items():
            block = re.search(r"(?:^|\.)\w+\.\d+\..*", name)
            if block:
                found[block.group().lstrip(".")] = shape
    return found


def _has_tokenizer(folder: Path) -> bool:
    return any((folder / name).exists() for name in TOKENIZERS)


def check_whole(admitted: Admitted, loaded: Loaded) -> None:
    """Raise HarnessError when parameters that the answer depends on were drawn at random."""
    if loaded.fresh:
        raise HarnessError(
            f"{admitted.path}: its weights lack {min(loaded.fresh)}: answers would be random",
            "Save the head too (with PEFT: task_type SEQ_CLS, or modules_to_save).")


def _whole(folder: Path, handle: Handle, device: str) -> Loaded:
    with quietly():
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    names = tuple(str(config.id2label[i]) for i in sorted(config.id2label))
    return load_with_head(handle, names, device)


def _adapter(folder: Path, base: Handle, device: str) -> Loaded:
    weights = folder / ADAPTER
    if not weights.is_file():
        raise HarnessError(f"{folder}: no {ADAPTER}", "Save the adapter with `save_pretrained`.")
    shapes = tensor_shapes(weights)
    classes = next((shape[0] for name, shape in shapes.items() if name.endswith(HEADS)), 2)
    loaded = load_with_head(base, tuple(str(i) for i in range(classes)), device)
    beside = load_file(folder / FRESH) if (folder / FRESH).is_file() else {}
    try:
        loaded.model.load_state_dict(beside, strict=False)
        with quietly():
            loaded.model = PeftModel.from_pretrained(loaded.model, str(folder))
        make_ready(loaded)
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        raise HarnessError(f"{folder}: the adapter does not fit {base.name}: "
                           f"{' '.join(str(error).split())[:200]}",
                           "Name the base that it was trained on.") from None
    wanted = set(get_peft_model_state_dict(loaded.model))
    if wanted - set(shapes):
        raise HarnessError(f"{folder}: lacks {len(wanted - set(shapes))} tensors of the adapter "
                           f"that its configuration describes ({min(wanted - set(shapes))})",
                           "Save the adapter again.")
    strangers = set(shapes) - wanted
    if strangers:
        raise HarnessError(f"{folder}: {base.name} has no place for {len(strangers)} of the "
                           f"adapter's tensors ({min(strangers)})",
                           "Name the base that it was trained on.")
    loaded.fresh = {name: parameter for name, parameter in loaded.fresh.items()
                    if not any(f".{saved}".endswith(f".{name}") for saved in (*beside, *shapes))}
    loaded.model.eval()
    return loaded

"""A model that was tuned elsewhere: a Hugging Face folder, or a PEFT adapter with its base."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import torch
from transformers import AutoConfig, PreTrainedTokenizerBase

from harness.backbones.admission.folder import Admitted
from harness.backbones.admission.tokenizer import has_tokenizer
from harness.backbones.encoding.pooling import pool_of
from harness.backbones.handle import Handle, hashed_handle
from harness.backbones.load import (
    Loaded,
    LoadHead,
    load_tokenizer,
    load_with_head,
    read_by,
    read_texts,
)
from harness.backbones.quiet import quietly
from harness.backbones.weights import Shapes, tensor_shapes
from harness.common.capabilities import INPUTS, READS, reads_words
from harness.common.errors import HarnessError
from harness.common.kinds import Input, WeightsKind
from harness.methods.adapters.folder import base_of, load_adapter, read_adapter


def load_tuned(admitted: Admitted, base: Handle | None, device: str,
               load: LoadHead = load_with_head) -> Loaded:
    """The tuned model of an admitted folder, with the head that `load` gives it. An adapter goes on
    `base`, and so does the tokenizer of a folder without one.

    `fresh` of the result names what the folder lacks and was drawn at random. Raises HarnessError
    for an adapter without a base or of another base, and a model of another kind than its base.
    """
    folder = admitted.path
    if admitted.is_adapter:
        return load_adapter(read_adapter(folder, _needed(admitted, base)), device, load)
    handle = hashed_handle(folder, admitted.sha256)
    if base is not None and handle.kind != base.kind:
        raise HarnessError(f"{folder}: is of kind {handle.kind}, its base {base.name} of kind "
                           f"{base.kind}", "Name the base it was tuned from.")
    if has_tokenizer(folder) or not reads_words(handle.kind):
        return _whole(folder, handle, device, load)
    if base is None:
        raise HarnessError(f"{folder}: has no tokenizer",
                           "Save it beside the model, or name the base with --base.")
    return read_by(_whole(folder, handle, device, load),
                   dataclasses.replace(read_texts(base), kind=handle.kind))


def read_as(admitted: Admitted, base: Handle | None) -> Handle:
    """What says of which kind the tuned model is, and how it is asked. Raises HarnessError for an
    adapter without a base."""
    if admitted.is_adapter:
        return base_of(admitted.path, _needed(admitted, base))
    return hashed_handle(admitted.path, admitted.sha256)


def _needed(admitted: Admitted, base: Handle | None) -> Handle:
    """The base of an adapter."""
    if base is None:
        raise HarnessError(f"{admitted.path}: an adapter needs the model it was trained on",
                           "Name it with --base.")
    return base


def tuned_notes(admitted: Admitted, base: Handle | None) -> tuple[str, ...]:
    """What a reader of a tuned model's numbers must know of how its folder is read."""
    if not admitted.is_adapter:
        return hashed_handle(admitted.path, admitted.sha256).notes
    return () if base is None else read_adapter(admitted.path, base).notes


def check_vocabulary(admitted: Admitted, base: Handle) -> None:
    """Raise HarnessError when the tuned model reads other tokens than its base, or answers
    otherwise than it does."""
    kind = read_as(admitted, base).kind
    if kind != base.kind and admitted.is_adapter:
        raise HarnessError(f"{admitted.path}: makes a classifier of {base.name}, which is a "
                           f"{base.kind}: the two cannot answer the same items",
                           "Compare an adapter that answers as its base does.")
    own = _own_tokenizer(admitted, base)
    if own is None:
        return
    ours, theirs = load_tokenizer(base).get_vocab(), own.get_vocab()
    if ours != theirs:
        differing = len(set(ours.items()) ^ set(theirs.items()))
        raise HarnessError(f"{admitted.path}: its vocabulary ({len(theirs)} tokens) is not that "
                           f"of {base.name} ({len(ours)} tokens): {differing} entries differ",
                           "Compare a model with the base it was tuned from.")


def _own_tokenizer(admitted: Admitted, base: Handle) -> PreTrainedTokenizerBase | None:
    if admitted.is_adapter:
        return read_adapter(admitted.path, base).tokenizer
    if not has_tokenizer(admitted.path):
        return None
    return load_tokenizer(hashed_handle(admitted.path, admitted.sha256))


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


def check_whole(admitted: Admitted, loaded: Loaded) -> None:
    """Raise HarnessError when parameters that the answer depends on were drawn at random."""
    if loaded.fresh:
        raise HarnessError(
            f"{admitted.path}: its weights lack {min(loaded.fresh)}: answers would be random",
            "Save the head too (with PEFT: task_type SEQ_CLS, or modules_to_save).")


def check_reads(folder: Path, kind: WeightsKind, read: Input) -> None:
    """Raise HarnessError for a model of a kind that does not read what a task's items are."""
    check_input(folder, READS[kind], read)


def check_input(folder: Path, its: Input, read: Input) -> None:
    """Raise HarnessError for a model whose items are not what a task's are."""
    if its != read:
        wanted = INPUTS[read].items
        raise HarnessError(f"{folder}: reads {INPUTS[its].items}, and the items of the task are "
                           f"{wanted}", f"Name a model that reads {wanted}.")


def check_sees(folder: Path, loaded: Loaded) -> None:
    """Raise HarnessError where a model cannot be given what its own image processor makes."""
    device = next(loaded.model.parameters()).device.type
    sample = loaded.processor.sample(device)
    try:
        with torch.inference_mode():
            loaded.model(**sample)
    except (ValueError, RuntimeError) as error:
        made = " × ".join(str(side) for side in sample["pixel_values"].shape[2:])
        raise HarnessError(f"{folder}: its image processor makes {made} pixels, which the model "
                           f"does not read: {' '.join(str(error).split())[:150]}",
                           "Save the image processor that it was trained with.") from None


def _whole(folder: Path, handle: Handle, device: str, load: LoadHead) -> Loaded:
    with quietly():
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    check_names_agree(folder)
    names = tuple(str(config.id2label[i]) for i in sorted(config.id2label))
    return load(handle, names, device, pool_of(handle.path))


def check_names_agree(folder: Path) -> None:
    """Raise HarnessError where id2label and label2id contradict each other: all answers may be
    swapped. Names that transformers made up itself (LABEL_0) say nothing."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    of_number, of_name = (config.get(field) or {} for field in ("id2label", "label2id"))
    for name, number in of_name.items():
        other = of_number.get(str(number))
        if other not in (None, name) and f"LABEL_{number}" not in (name, other):
            raise HarnessError(
                f"{folder}: config.json contradicts itself: id2label has {number}: '{other}', "
                f"label2id '{name}': {number}", "Correct the one that is wrong: all answers may "
                "be swapped.")

"""A PEFT adapter's folder from elsewhere: what it is put on, and which tokens it reads."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerBase

from harness.backbones.admission.adapter import ADAPTER_CONFIG
from harness.backbones.admission.tokenizer import embedding_of, has_tokenizer, tokens_of
from harness.backbones.encoding.pooling import pool_of
from harness.backbones.encoding.processor import TextProcessor
from harness.backbones.handle import Handle
from harness.backbones.load import Loaded, LoadHead, load_tokenizer, load_with_head, read_by
from harness.backbones.quiet import quietly
from harness.backbones.weights import Shapes, tensor_shapes
from harness.backbones.wrappers import unwrapped
from harness.common.capabilities import ASKED
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.methods.adapters.adapter import FRESH
from harness.methods.adapters.running import make_ready

ADAPTER = "adapter_model.safetensors"
HEADS = ("classifier.weight", "score.weight", "classifier.out_proj.weight")


@dataclass(frozen=True)
class AdapterFolder:
    """An adapter, looked at and not yet put on its base."""

    path: Path
    files: Path
    """The same without what wrappers put in front of the tensors' names."""
    base: Handle
    """As the adapter uses it: one of task type SEQ_CLS makes a classifier of any base."""
    shapes: Shapes
    rows: int | None
    """Of the embedding that it holds; None where it holds none."""
    tokenizer: PreTrainedTokenizerBase | None
    """Its own, where it reads other tokens than the base's and there are embeddings for them."""
    notes: tuple[str, ...]


def base_of(folder: Path, base: Handle) -> Handle:
    """The base as an adapter uses it."""
    config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    classifies = config.get("task_type") == "SEQ_CLS" and base.kind in ASKED
    return dataclasses.replace(base, kind="encoder") if classifies else base


def read_adapter(folder: Path, base: Handle) -> AdapterFolder:
    """Raises HarnessError for a folder without an adapter's weights."""
    if not (folder / ADAPTER).is_file():
        raise HarnessError(f"{folder}: no {ADAPTER}", "Save the adapter with `save_pretrained`.")
    files, taken_off = unwrapped(folder, sha256_tree(folder))
    shapes = tensor_shapes(files / ADAPTER)
    table, known = embedding_of(base.path)
    rows = next((shape[0] for name, shape in shapes.items() if name.endswith(f".{table}.weight")),
                None) if table else None
    tokenizer, notes = _own_tokenizer(folder, base, rows or known)
    return AdapterFolder(folder, files, base_of(folder, base), shapes, rows, tokenizer,
                         (*taken_off, *notes))


def _own_tokenizer(folder: Path, base: Handle, rows: int | None
                   ) -> tuple[PreTrainedTokenizerBase | None, tuple[str, ...]]:
    """The adapter's tokenizer where it is another, with what is to be said of it."""
    if not has_tokenizer(folder):
        return None, ()
    own, usual = load_tokenizer(dataclasses.replace(base, path=folder)), load_tokenizer(base)
    if own.get_vocab() == usual.get_vocab():
        return None, ()
    counts = f"{tokens_of(own):,} tokens, that of {base.name} {tokens_of(usual):,}"
    if rows is not None and tokens_of(own) > rows:
        return None, (f"the adapter's tokenizer has {counts}, and nothing holds the embeddings of "
                      f"those from {rows:,} on: texts are read by the base's tokenizer (save the "
                      "adapter with save_embedding_layers=True, or merge it and save the whole "
                      "model)",)
    return own, (f"texts are read by the adapter's tokenizer: it has {counts}",)


def load_adapter(adapter: AdapterFolder, device: str, load: LoadHead = load_with_head) -> Loaded:
    """The adapter on its base, with the head that `load` gives it. Raises HarnessError where the
    two do not belong together."""
    folder, base, shapes = adapter.path, adapter.base, adapter.shapes
    classes = next((shape[0] for name, shape in shapes.items() if name.endswith(HEADS)), 2)
    loaded = load(base, tuple(str(i) for i in range(classes)), device, pool_of(folder))
    beside = load_file(folder / FRESH) if (folder / FRESH).is_file() else {}
    try:
        if adapter.rows not in (None, loaded.model.get_input_embeddings().num_embeddings):
            with quietly():
                loaded.model.resize_token_embeddings(adapter.rows, mean_resizing=False)
        if adapter.tokenizer is not None:
            loaded = read_by(loaded, TextProcessor(adapter.tokenizer, base.kind))
        loaded.model.load_state_dict(beside, strict=False)
        with quietly():
            loaded.model = PeftModel.from_pretrained(loaded.model, str(adapter.files))
        make_ready(loaded)
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        raise HarnessError(f"{folder}: the adapter does not fit {base.name}: "
                           f"{' '.join(str(error).split())[:200]}",
                           "Name the base that it was trained on.") from None
    _check_tensors(adapter, loaded)
    loaded.fresh = {name: parameter for name, parameter in loaded.fresh.items()
                    if not any(f".{saved}".endswith(f".{name}") for saved in (*beside, *shapes))}
    loaded.model.eval()
    return loaded


def _check_tensors(adapter: AdapterFolder, loaded: Loaded) -> None:
    """Every tensor that the configuration describes is in the file, and none besides but the
    embeddings, which PEFT saves where they were resized."""
    folder, held = adapter.path, set(adapter.shapes)
    with quietly():
        wanted = set(get_peft_model_state_dict(loaded.model, save_embedding_layers=False))
        known = set(get_peft_model_state_dict(loaded.model, save_embedding_layers=True))
    if wanted - held:
        raise HarnessError(f"{folder}: lacks {len(wanted - held)} tensors of the adapter "
                           f"that its configuration describes ({min(wanted - held)})",
                           "Save the adapter again.")
    if held - known - wanted:
        strangers = held - known - wanted
        raise HarnessError(f"{folder}: {adapter.base.name} has no place for {len(strangers)} of "
                           f"the adapter's tensors ({min(strangers)})",
                           "Name the base that it was trained on, or merge the adapter into it and "
                           "save the whole model.")

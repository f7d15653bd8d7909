"""GGUF files: dequantised once into an ordinary safetensors folder in the cache."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.backbones.admission.folder import check_asked
from harness.backbones.gguf_words import cut_as_named
from harness.backbones.quiet import quietly
from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.provenance import provenance
from harness.processes.bounded import bounded


def dequantised(path: Path, sha256: str) -> tuple[Path, str]:
    """The folder of the fp32 safetensors model made from a GGUF file, and a note on its origin.

    transformers marks a model read from GGUF as quantised and then refuses to train or save it;
    the weights are plain tensors, so they are copied into a model with a clean configuration.
    """
    note = f"the weights were quantised ({path.stem.rsplit('.', 1)[-1]}) and are dequantised here"
    key = sha256_json([sha256, provenance(__name__).key])[:32]
    folder = cache_folder() / "dequantised" / f"{path.stem}-{key}"
    kept_folder(folder, partial(_convert, path))
    return folder, note


@contextmanager
def apart(path: Path) -> Iterator[Path]:
    """A folder where the file lies alone, under its name: transformers reads what lies beside one,
    and a tokenizer.json there takes away the special tokens that the file names."""
    with TemporaryDirectory() as folder:
        (Path(folder) / path.name).symlink_to(path.resolve())
        yield Path(folder)


def check_file(path: Path) -> None:
    """Raise HarnessError for a file that is damaged or describes more than it holds."""
    from gguf import GGUFReader
    from transformers import AutoConfig

    try:
        held = [math.prod(map(int, tensor.shape)) for tensor in GGUFReader(path).tensors]
        with quietly(), apart(path) as folder:
            config = AutoConfig.from_pretrained(folder, gguf_file=path.name)
    except Exception as error:  # whatever a stranger's values make a library raise
        words = " ".join(str(error).split())[:200]
        raise HarnessError(f"{path.name}: cannot be read: {words}",
                           "Copy it again, or name a model that transformers can load.") from None
    check_asked(f"{path.name}: its metadata", config, len(held), sum(held))


def _convert(path: Path, folder: Path) -> None:
    from transformers import AutoTokenizer

    bounded(check_file, path, about=path.name)
    # The reader's progress bar does not listen to transformers' own switch.
    with quietly(), redirect_stderr(io.StringIO()), apart(path) as place:
        tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=path.name)
        dequantise(path, folder)
        tokenizer.save_pretrained(folder)
    _as_in_file(path, folder / "tokenizer.json")


def _as_in_file(path: Path, saved: Path) -> None:
    """What transformers makes of the file's tokenizer, with words cut as the file says and without
    tokens that it does not have: a GPT-2 tokenizer without `<|endoftext|>` is given one."""
    from gguf import GGUFReader

    read = GGUFReader(path)
    tokens, cut = (read.get_field(f"tokenizer.ggml.{name}") for name in ("tokens", "pre"))
    if tokens is None or not saved.is_file():
        return
    told = json.loads(saved.read_text(encoding="utf-8"))
    told["added_tokens"] = [one for one in told["added_tokens"] if one["id"] < len(tokens.data)]
    cut_as_named(told, cut.contents() if cut is not None else None)
    saved.write_text(json.dumps(told, ensure_ascii=False, indent=2), encoding="utf-8")


def dequantise(path: Path, folder: Path) -> None:
    """Write the weights of a file that was looked at as an ordinary model in fp32, without a
    tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM

    with quietly(), redirect_stderr(io.StringIO()), apart(path) as place:
        read = AutoModelForCausalLM.from_pretrained(
            place, gguf_file=path.name, dtype=torch.float32
        )
        values = read.config.to_dict()
        for name in ("quantization_config", "_name_or_path"):
            values.pop(name, None)
        clean = AutoModelForCausalLM.from_config(type(read.config)(**values))
        clean.load_state_dict(read.state_dict())
        clean.save_pretrained(folder)

"""A stranger's GGUF file, looked at before it is loaded.

It is data: a header, metadata, and tensors at offsets. What it can still do is lie about sizes, be
one of several files, describe more than it holds, or unpack into more than there is room for.
"""

from __future__ import annotations

import math
from pathlib import Path

from harness.backbones.admission.folder import Admitted, admit
from harness.backbones.gguf import apart, check_file, dequantised
from harness.common.errors import HarnessError
from harness.common.files import sha256_file
from harness.processes.bounded import bounded

SUFFIX, MAGIC, FP32 = ".gguf", b"GGUF", 4
AGAIN = "Copy it again, or convert the model again."


def is_gguf(path: Path) -> bool:
    """Whether a name is that of such a file."""
    return path.suffix == SUFFIX and path.is_file()


def admit_gguf(path: Path, most_bytes: int) -> tuple[Admitted, str]:
    """The folder of what a file holds, dequantised in fp32 and looked at as every folder is, and
    the file's sha256.

    Raises HarnessError for a file that is larger than allowed, or would be in fp32, is damaged, one
    of several, or describes more than it holds.
    """
    if path.stat().st_size > most_bytes:
        raise HarnessError(f"{path}: {path.stat().st_size:,} bytes, more than the {most_bytes:,} "
                           "allowed", "Raise `candidate_bytes_at_most` in the gate's policy.")
    bounded(_look, path, most_bytes, about=str(path))
    sha256 = sha256_file(path)
    folder, _ = dequantised(path.resolve(), sha256)
    return admit(folder, most_bytes), sha256


def _look(path: Path, most_bytes: int) -> None:
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise HarnessError(f"{path}: is no GGUF file", "Name a model's own file.")
    _check_layout(path, most_bytes)
    check_file(path)
    _check_tokenizer(path)


def _check_layout(path: Path, most_bytes: int) -> None:
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        ends = [(one.name, int(one.data_offset) + int(one.n_bytes)) for one in reader.tensors]
        held = sum(math.prod(map(int, one.shape)) for one in reader.tensors)
        parts = [int(field.contents()) for name, field in reader.fields.items()
                 if name == "split.count"]
    except Exception as error:  # whatever a stranger's numbers make a library raise
        raise HarnessError(f"{path}: cannot be read: {' '.join(str(error).split())[:200]}",
                           AGAIN) from None
    size = path.stat().st_size
    for name, end in ends:
        if end > size:
            raise HarnessError(f"{path}: {name} would end at byte {end:,} of {size:,}", AGAIN)
    if any(count > 1 for count in parts):
        raise HarnessError(f"{path}: is one of {parts[0]} files, and others are not read",
                           "Merge them with llama.cpp's gguf-split --merge.")
    if FP32 * held > most_bytes:
        raise HarnessError(f"{path}: {FP32 * held:,} bytes in fp32, as it is judged, more than the "
                           f"{most_bytes:,} allowed",
                           "Raise `candidate_bytes_at_most` in the gate's policy.")


def _check_tokenizer(path: Path) -> None:
    from transformers import AutoTokenizer

    try:
        with apart(path) as folder:
            AutoTokenizer.from_pretrained(folder, gguf_file=path.name)("a")
    except Exception as error:  # whatever a stranger's values make a library raise
        raise HarnessError(f"{path}: its tokenizer cannot be read: "
                           f"{' '.join(str(error).split())[:200]}", AGAIN) from None

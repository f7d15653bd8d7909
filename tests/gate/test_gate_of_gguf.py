"""A GGUF file as a candidate: judged as what it holds, and refused where it lies."""

import struct

import pytest
from gguf import GGUFReader, GGUFWriter
from transformers import AutoTokenizer
from written import written

from harness.backbones.admission.one_file import admit_gguf
from harness.common.errors import HarnessError
from harness.export.gguf_file import MODEL
from harness.gate.candidate import DEQUANTISED
from harness.gate.named import check_candidate

DAMAGED = r"cannot be read|would end at"


@pytest.fixture(scope="module")
def file(place, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gguf")
    written(place, "lora", "dec", "gguf-f16", folder)
    return folder / MODEL


def test_it_is_judged_as_the_run_that_it_was_written_from(place, file, tmp_path):
    place.approve(place.run_id("lora", "dec"), tmp_path)
    result = place.gate(file, tmp_path, base="dec")
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=0.02)
    assert DEQUANTISED in result.candidate.notes
    assert result.candidate.artifact_bytes == file.stat().st_size


def test_a_file_that_ends_early_is_refused(file, tmp_path):
    short = tmp_path / "short.gguf"
    short.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(HarnessError, match=DAMAGED):
        admit_gguf(short, 10**9)


def test_an_offset_beyond_the_file_is_refused(file, tmp_path):
    """The last tensor's, in the header."""
    content, last = bytearray(file.read_bytes()), GGUFReader(file).tensors[-1]
    place = content.index(last.name.encode()) + len(last.name) + 4 + 8 * len(last.shape) + 4
    content[place:place + 8] = struct.pack("<Q", 2**40)
    odd = tmp_path / "odd.gguf"
    odd.write_bytes(content)
    with pytest.raises(HarnessError, match=DAMAGED):
        admit_gguf(odd, 10**9)


def test_one_of_several_files_is_refused(tmp_path):
    path = tmp_path / "part.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_uint16("split.count", 3)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(HarnessError, match="one of 3 files"):
        admit_gguf(path, 10**9)


def test_what_is_too_large_is_refused(file):
    with pytest.raises(HarnessError, match="more than the 1,000 allowed"):
        admit_gguf(file, 1000)
    with pytest.raises(HarnessError, match="in fp32, as it is judged"):
        admit_gguf(file, file.stat().st_size + 10)


def test_what_is_none_is_refused(place, file, tmp_path):
    (tmp_path / "none.gguf").write_bytes(b"PK\3\4" * 100)
    with pytest.raises(HarnessError, match="is no GGUF file"):
        admit_gguf(tmp_path / "none.gguf", 10**9)
    with pytest.raises(HarnessError, match="neither a run"):
        check_candidate(str(tmp_path / "absent.gguf"), place.runs)
    check_candidate(str(file), place.runs)


def test_what_lies_beside_the_file_is_not_read(file):
    """The tokenizer's own files are there, and would take away its special tokens."""
    assert (file.parent / "tokenizer.json").is_file()
    admitted, _ = admit_gguf(file, 10**9)
    told = AutoTokenizer.from_pretrained(admitted.path)
    mine = AutoTokenizer.from_pretrained(file.parent)
    assert told.eos_token == mine.eos_token is not None
    assert told.bos_token == mine.bos_token is not None
    assert len(told) == len(mine), "transformers' own reading has one token more"

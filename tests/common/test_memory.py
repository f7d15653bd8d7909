"""Memory of a machine and of a container on it."""

import psutil
import pytest

from harness.common.device import Device
from harness.common.memory import available, total

CPU = Device("cpu", "test", "no", 1)
MIB = 2**20
SECOND = {"memory.max": 64 * MIB, "memory.current": 40 * MIB}
FIRST = {"memory/memory.limit_in_bytes": 64 * MIB, "memory/memory.usage_in_bytes": 40 * MIB}


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{text}\n")


@pytest.mark.parametrize("files", [SECOND, FIRST])
def test_a_containers_limit_counts(files, tmp_path):
    write(tmp_path, files)
    assert available(CPU, tmp_path) == 24 * MIB
    assert total(CPU, tmp_path) == 64 * MIB


@pytest.mark.parametrize(("files", "parts", "line"), [
    (SECOND, "memory.stat", "inactive_file"),
    (FIRST, "memory/memory.stat", "total_inactive_file")])
def test_files_that_were_read_make_room(files, parts, line, tmp_path):
    write(tmp_path, {**files, parts: f"anon 1\n{line} {30 * MIB}\nx_{line} 7"})
    assert available(CPU, tmp_path) == 54 * MIB


@pytest.mark.parametrize("files", [
    {}, {"memory.max": "max", "memory.current": 40 * MIB}, {"memory.max": 64 * MIB}])
def test_without_a_limit_it_is_the_machines(files, tmp_path):
    write(tmp_path, files)
    has = psutil.virtual_memory()
    assert available(CPU, tmp_path) == pytest.approx(has.available, rel=0.2)
    if "64" not in str(files):
        assert total(CPU, tmp_path) == has.total


def test_more_used_than_allowed_leaves_nothing(tmp_path):
    write(tmp_path, {**SECOND, "memory.current": 70 * MIB})
    assert available(CPU, tmp_path) == 0

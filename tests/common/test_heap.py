import subprocess
import sys

import pytest

PROBE = """
import ctypes, platform, resource, sys
from harness.common.heap import keep_freed_memory
if platform.libc_ver()[0] != "glibc":
    sys.exit(3)
if sys.argv[1] == "kept":
    keep_freed_memory()
library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
size = 24 * 2**20
def touch():
    blocks = [library.malloc(size) for _ in range(4)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    for block in blocks:
        library.free(block)
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
touch()
touch()
before = faults()
for _ in range(10):
    touch()
print(faults() - before)
"""


def faults(how: str) -> int:
    """Page faults of ten times four blocks of 24 MiB that are made, written and freed."""
    done = subprocess.run([sys.executable, "-c", PROBE, how], capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("this C library is not glibc")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_freed_memory_is_not_cleared_by_the_system_again():
    assert faults("kept") < 1000 < faults("plain")

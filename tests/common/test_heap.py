import os
import subprocess
import sys

import pytest

from harness.common.device import detect
from harness.common.heap import KERNELS, keep_few_kernels

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


LENGTHS = """
import torch
torch.set_num_threads(1)
net = torch.nn.Sequential(torch.nn.Linear(384, 1536), torch.nn.Linear(1536, 384)).bfloat16()
def step(rows):
    net(torch.ones(rows, 384, dtype=torch.bfloat16)).sum().backward()
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
step(1000)
before = resident()
for rows in range(700, 1000, 2):
    step(rows)
print(resident() - before)
"""


@pytest.mark.skipif((detect().type, detect().autocast) != ("cpu", "bf16"), reason="no bf16 here")
def test_batches_of_many_lengths_do_not_fill_the_memory():
    grown = []
    for bounded in ({}, KERNELS):
        plain = {name: value for name, value in os.environ.items() if name not in KERNELS}
        grown.append(int(subprocess.run([sys.executable, "-c", LENGTHS], check=True, text=True,
                                        capture_output=True, env=plain | bounded).stdout))
    assert grown[1] < grown[0] / 2


def test_a_user_s_own_number_of_kernels_stays():
    environment = {"LRU_CACHE_CAPACITY": "7"}
    keep_few_kernels(environment)
    assert environment == KERNELS | {"LRU_CACHE_CAPACITY": "7"}

"""Waiting for a GPU and asking it to repeat itself, where there is none."""

import os
import subprocess
import sys
import time

import pytest
import torch

from harness.common.clock import Clock
from harness.common.device import Device, make_repeatable, settle
from harness.processes.server import MODULES

GPU = Device("cuda", "a GPU", "bf16", 1)


@pytest.fixture
def in_use(monkeypatch):
    """A stand-in for a GPU whose work takes 50 ms: torch waits for it when asked to."""
    waited = []

    def synchronize():
        waited.append(time.sleep(0.05))

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    return waited


def test_a_phase_holds_the_work_that_it_gave_a_gpu_and_none_from_before(in_use):
    clock = Clock()
    start = time.perf_counter()
    with clock.phase("encode"):
        pass
    whole = time.perf_counter() - start
    assert len(in_use) == 2
    assert 0.05 <= clock.spent["encode"] < whole - 0.04


def test_nothing_waits_where_no_gpu_is_in_use(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: pytest.fail("waited"))
    settle()


def test_a_gpu_is_asked_to_repeat_itself_and_a_cpu_is_left_alone(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")  # so that it is put back afterwards
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    before = torch.are_deterministic_algorithms_enabled()
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    try:
        make_repeatable(Device("cpu", "a CPU", "no", 1))
        assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
        make_repeatable(GPU)
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert not torch.utils.deterministic.fill_uninitialized_memory
    finally:
        torch.use_deterministic_algorithms(before)


def test_the_server_that_runs_are_forked_from_asks_nothing_of_cuda():
    """A process forked after CUDA began cannot use it."""
    spy = ("import torch\n"
           "def asked(*words): raise SystemExit('asked for CUDA')\n"
           "for name in ('is_available', 'device_count', 'init', '_lazy_init'):\n"
           "    setattr(torch.cuda, name, asked)\n"
           f"import {', '.join(MODULES)}\n")
    done = subprocess.run([sys.executable, "-c", spy], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

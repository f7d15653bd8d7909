"""Energy by NVML, on a stand-in for its library."""

import sys
import threading
import types

import pytest

from harness.common.device import Device
from harness.measure import energy
from harness.measure.energy import find_board, metered

GPU = Device("cuda", "a GPU", "bf16", 1)
UUID = "01234567-89ab-cdef-0123-456789abcdef"


class NVMLError(Exception):
    pass


class Library(types.ModuleType):
    """Counts 250 J between two readings; three looks find the board 90%, 60% and 30% busy."""

    def __init__(self):
        super().__init__("pynvml")
        self.NVMLError = NVMLError
        self.counter, self.busy = iter([0, 1_000, 251_000]), [90, 60, 30]
        self.looked = threading.Event()

    def nvmlInit(self):  # noqa: N802
        pass

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        if uuid != f"GPU-{UUID}":
            raise NVMLError("Not Found")
        return uuid

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return "Stand-in 100"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):  # noqa: N802
        found = next(self.counter)
        if isinstance(found, Exception):
            raise found
        return found

    def nvmlDeviceGetUtilizationRates(self, handle):  # noqa: N802
        if not self.busy:
            self.looked.set()
            raise NVMLError("enough looks")
        return types.SimpleNamespace(gpu=self.busy.pop(0), memory=99)


@pytest.fixture
def nvml(monkeypatch):
    library = Library()
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.setattr(energy, "_uuid", lambda: UUID)
    return library


def test_joules_and_the_share_of_time_busy(nvml):
    with metered(find_board(GPU), period=0.001) as meter:
        assert nvml.looked.wait(10)
    # (251,000 - 1,000) mJ = 250 J; (90 + 60 + 30) / 3 / 100 = 0.6.
    assert meter.energy.joules == 250.0
    assert meter.energy.busy == pytest.approx(0.6)
    assert meter.energy.board == "Stand-in 100"
    assert meter.notes == ()


def test_work_too_short_for_a_look_has_energy_alone(nvml):
    with metered(find_board(GPU), period=60) as meter:
        pass
    assert meter.energy.joules == 250.0
    assert meter.energy.busy is None


def test_a_cpu_has_no_board_and_nothing_to_say_of_it(nvml):
    with metered(find_board(Device("cpu", "a CPU", "no", 1))) as meter:
        pass
    assert (meter.energy, meter.notes) == (None, ())


def test_a_board_without_a_counter_and_one_that_is_not_there_say_why(nvml, monkeypatch):
    nvml.counter = iter([NVMLError("Not Supported")])
    assert find_board(GPU) == "energy was not measured: NVML says Not Supported"
    monkeypatch.setattr(energy, "_uuid", lambda: "another")
    with metered(find_board(GPU)) as meter:
        pass
    assert meter.energy is None
    assert meter.notes == ("energy was not measured: NVML says Not Found",)


def test_without_the_library_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "extra `cuda`" in find_board(GPU)


def test_a_counter_that_fails_later_costs_the_figure_and_not_the_work(nvml):
    nvml.counter = iter([0, 1_000, NVMLError("GPU is lost")])
    with metered(find_board(GPU), period=60) as meter:
        pass
    assert meter.energy is None
    assert meter.notes == ("energy was not measured: NVML says GPU is lost",)


def test_work_that_fails_ends_the_looking_and_fails(nvml):
    with pytest.raises(ZeroDivisionError), metered(find_board(GPU), period=60):
        1 / 0  # noqa: B018
    assert not any("_sample" in thread.name for thread in threading.enumerate())


def test_boards_that_learn_together_are_not_measured():
    found = find_board(Device("cuda", "a GPU", "no", 1, together=2))
    assert found == "energy was not measured: several boards learned together"

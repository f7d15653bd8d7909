"""What a plan would take on a GPU by its name: by hand, from what its data sheet says."""

import pytest

from harness.common.errors import HarnessError
from harness.compare.devices import GIB, device_table, find_device, seconds_on
from harness.study.estimate.cost import Cost


def test_a_device_is_found_however_it_is_written():
    assert find_device("H100") == find_device("h100") == device_table().devices["h100"]
    assert find_device("l4").bytes == 24 * 2**30
    assert GIB == 2**30
    with pytest.raises(HarnessError, match="no device 'h10'") as refused:
        find_device("h10")
    assert "h100" in str(refused.value)


def test_it_takes_as_long_as_its_arithmetic_or_as_its_kernels_take_to_start():
    """312 teraflops at 15% are 46.8: 468 of them take 10 s, a million kernels at 10 µs as well."""
    a100 = find_device("a100")
    assert seconds_on(a100, Cost(fixed=3.0, flops=468e12, operations=10)) == pytest.approx(13)
    assert seconds_on(a100, Cost(fixed=3.0, flops=468e11, operations=1e6)) == pytest.approx(13)
    assert seconds_on(a100, Cost(fixed=3.0, computing=99.0)) == 3, "not as long as it took here"

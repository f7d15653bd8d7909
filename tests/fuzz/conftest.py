"""How long the fuzzers run, and the one folder that all cases of a test share."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture,
                HealthCheck.data_too_large)

# What everybody waits for tries the same cases each time: it must not fail by luck.
settings.register_profile("quick", max_examples=200, deadline=None, derandomize=True,
                          suppress_health_check=SLOW_IS_FINE)
settings.register_profile("nightly", max_examples=10_000, deadline=None, print_blob=True,
                          suppress_health_check=SLOW_IS_FINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Written anew by every case: making a folder a case would cost more than most cases."""
    made = tmp_path / "fuzzed"
    made.mkdir()
    return made

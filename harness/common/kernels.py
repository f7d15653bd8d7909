"""One switch for the arithmetic of `backbones.kernels`: `HARNESS_KERNELS=off` leaves the libraries
their own."""

from __future__ import annotations

import os

from harness.common.errors import HarnessError

SWITCH = "HARNESS_KERNELS"


def kernels_on() -> bool:
    """Whether this process computes by them. Raises HarnessError for a word that is neither."""
    asked = os.environ.get(SWITCH, "on")
    if asked not in ("on", "off"):
        raise HarnessError(f"{SWITCH} is '{asked}'", "Say `on` or `off`.")
    return asked == "on"

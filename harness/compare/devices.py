"""GPUs by name: what a study would take on one, by data sheets and stated assumptions."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean
from harness.measure.part import RecordPart
from harness.study.estimate.cost import Cost

GIB = 2**30


class Assumed(RecordPart):
    """What no data sheet says."""

    utilisation: float = Field(gt=0, le=1)
    """Share of the peak that matrix products reach."""
    launch_seconds: float = Field(gt=0)
    """Seconds from one kernel to the next where the processor starts them."""


class Gpu(RecordPart):
    """A GPU by its data sheet, and a price of an hour, each with its source."""

    title: str
    bf16_tflops: float = Field(gt=0)
    memory_gib: float = Field(gt=0)
    source: str
    hour: float = Field(ge=0)
    price_source: str

    @property
    def bytes(self) -> float:
        """Its memory."""
        return self.memory_gib * GIB


class Table(RecordPart):
    """The table that ships."""

    assumed: Assumed
    currency: str
    devices: dict[str, Gpu]


@cache
def device_table() -> Table:
    """The table of this release."""
    text = files("harness.compare").joinpath("devices.yaml").read_text(encoding="utf-8")
    return Table.model_validate(yaml.safe_load(text))


def find_device(name: str) -> Gpu:
    """A GPU of the table. Raises HarnessError with the nearest name for an unknown one."""
    known = device_table().devices
    if name.lower() not in known:
        raise HarnessError(f"there is no device '{name}' in the table of devices",
                           did_you_mean(name.lower(), known))
    return known[name.lower()]


def seconds_on(gpu: Gpu, cost: Cost) -> float:
    """An estimate: what the processor does as here, and the model at the table's assumed share of
    the peak, but no quicker than its kernels can be started."""
    assumed = device_table().assumed
    arithmetic = cost.flops / (gpu.bf16_tflops * 1e12 * assumed.utilisation)
    return cost.fixed + max(arithmetic, cost.operations * assumed.launch_seconds)

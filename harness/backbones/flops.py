"""FLOPs of what runs, by torch's counter, whichever kernel attends."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

ATTEND = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
ATTEND_BACK = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def flop_counter() -> FlopCounterMode:
    """torch's counter, that also counts the CPU's fused attention, which torch leaves out: as the
    matrix products that it does, so that methods which attend by one kernel or the other compare.
    What the kernel computes a second time to go backwards is not counted.
    """
    return FlopCounterMode(display=False, custom_mapping={ATTEND: _forward, ATTEND_BACK: _back})


def _forward(query: Any, key: Any, value: Any, *rest: Any, **more: Any) -> int:
    return int(sdpa_flop_count(query, key, value))


def _back(gradient: Any, query: Any, key: Any, value: Any, *rest: Any, **more: Any) -> int:
    return 2 * int(sdpa_flop_count(query, key, value))

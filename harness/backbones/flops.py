"""FLOPs of what runs, by torch's formulas, whichever kernel attends."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

ATTEND = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
ATTEND_BACK = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
SIZES = frozenset({
    torch.ops.aten.sym_is_contiguous.default, torch.ops.aten.is_contiguous.default,
    torch.ops.aten.is_contiguous.memory_format, torch.ops.aten.is_strides_like_format.default,
    torch.ops.aten.is_non_overlapping_and_dense.default, torch.ops.aten.size.default,
    torch.ops.aten.sym_size.default, torch.ops.aten.stride.default,
    torch.ops.aten.sym_stride.default, torch.ops.aten.storage_offset.default,
    torch.ops.aten.sym_storage_offset.default, torch.ops.aten.numel.default,
    torch.ops.aten.sym_numel.default, torch.ops.aten.dim.default, torch.ops.prim.layout.default})
"""What tensors of other layouts are asked, and answer themselves."""

Formula = Callable[..., int]


def of_quantised(x: Any, *rest: Any, out_val: Any, **more: Any) -> int:
    """Of a product with a matrix that is held in fewer bits: as of one that is not."""
    return 2 * int(x.shape[-1]) * int(out_val.numel())


QUANTISED = dict.fromkeys(("bitsandbytes::gemm_4bit", "bitsandbytes::int8_scaled_mm"), of_quantised)
"""By name: the library may not be there."""


class FlopCounter(TorchDispatchMode):
    """Adds up in `total` what torch's `FlopCounterMode` does, at a third of its cost: that follows
    the modules, too, and asks of every operation anew what it is.

    The CPU's fused attention, which torch leaves out, counts as the matrix products that it does,
    so that methods which attend by one kernel or the other compare. What the kernel computes a
    second time to go backwards is not counted.
    """

    supports_higher_order_operators = True

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: OpOverload, types: Any, args: Any = (), kwargs: Any = None
                           ) -> Any:
        if func in SIZES or not isinstance(func, OpOverload):
            return NotImplemented
        kwargs = kwargs or {}
        composed, formula = _known(func)
        if composed:
            with self:
                return func.decompose(*args, **kwargs)
        found = func(*args, **kwargs)
        if formula is not None:
            self.total += formula(*args, **kwargs, out_val=found)
        return found


@cache
def _known(func: OpOverload) -> tuple[bool, Formula | None]:
    """Whether an operation is made of others, which are counted in its place; its formula."""
    composed = func is not torch.ops.prim.device.default and func._can_decompose()
    formula = _formulas().get(func.overloadpacket)
    return composed, formula or QUANTISED.get(func.name())


@cache
def _formulas() -> dict[Any, Formula]:
    return dict(FlopCounterMode(
        display=False, custom_mapping={ATTEND: attended, ATTEND_BACK: attended_back}).flop_registry)


def attended(query: Any, key: Any, value: Any, *rest: Any, **more: Any) -> int:
    """Of the fused kernel."""
    return int(sdpa_flop_count(query, key, value))


def attended_back(gradient: Any, query: Any, key: Any, value: Any, *rest: Any, **more: Any) -> int:
    """Of the fused kernel, backwards."""
    return 2 * int(sdpa_flop_count(query, key, value))

"""Attention with gradients on a CPU: torch's kernel against plain products.

Forward and backward of both in turn, in bf16 and fp32, at the shapes of SmolLM2 and MiniLM. Writes
`benchmarks/results/attention.json` and `.md`. `python -m benchmarks.attention`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import SimpleNamespace

import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from benchmarks.kept import keep
from harness.backbones.kernels.attention import attend
from harness.common.device import detect
from harness.study.estimate.stopwatch import seconds_of


@dataclass(frozen=True)
class Shape:
    """Rows, heads, groups of keys and values, tokens and width of a head."""

    name: str
    rows: int
    heads: int
    groups: int
    length: int
    width: int


SHAPES = (Shape("SmolLM2", 5, 9, 3, 128, 64), Shape("SmolLM2", 16, 9, 3, 128, 64),
          Shape("SmolLM2", 4, 9, 3, 384, 64), Shape("MiniLM", 16, 12, 12, 128, 32))


def milliseconds(function, shape: Shape, dtype: torch.dtype) -> float:
    """One forward and backward pass under a causal mask, the best of a few."""
    torch.manual_seed(0)
    query, key, value = (
        torch.randn(shape.rows, heads, shape.length, shape.width).to(dtype).requires_grad_()
        for heads in (shape.heads, shape.groups, shape.groups))
    seen = torch.ones(shape.length, shape.length, dtype=torch.bool).tril()
    mask = torch.zeros(shape.rows, 1, shape.length, shape.length, dtype=dtype).masked_fill(
        ~seen, torch.finfo(dtype).min)
    module = SimpleNamespace(is_causal=True,
                             num_key_value_groups=shape.heads // shape.groups)

    def run() -> None:
        output, _ = function(module, query, key, value, mask)
        output.backward(torch.ones_like(output))

    run()
    return 1e3 * seconds_of(run)


def main() -> None:
    """Time all shapes, print and keep the table."""
    rows = [{**asdict(shape), "dtype": str(dtype).removeprefix("torch."),
             "kernel_ms": milliseconds(sdpa_attention_forward, shape, dtype),
             "products_ms": milliseconds(attend, shape, dtype)}
            for shape in SHAPES for dtype in (torch.bfloat16, torch.float32)]
    device = detect()
    text = "\n".join([
        "# Attention with gradients: torch's kernel and plain products", "",
        f"{device.name}, {device.threads} threads; forward and backward, the best of a few.", "",
        "| model | rows | tokens | dtype | kernel, ms | products, ms | kernel / products |",
        "|---|---|---|---|---|---|---|",
        *(f"| {r['name']} | {r['rows']} | {r['length']} | {r['dtype']} | {r['kernel_ms']:.1f} | "
          f"{r['products_ms']:.1f} | {r['kernel_ms'] / r['products_ms']:.2f} |" for r in rows), ""])
    keep("attention", device, {"rows": rows}, text)


if __name__ == "__main__":
    main()

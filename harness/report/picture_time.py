"""What of an answer's time is decoding and resizing a picture, in words."""

from __future__ import annotations

from collections.abc import Mapping

from harness.gate.verdict import GateResult
from harness.measure.latency import PartFigures
from harness.report import words
from harness.report.published import Published

NAMES = {"decode": "decoding", "resize": "resizing", "model": "the model"}


def said(parts: Mapping[str, PartFigures]) -> str:
    """Medians of the parts, with p95 where the requests are enough."""
    return ", ".join(
        f"{NAMES.get(name, name)} {words.milliseconds(one.p50_ms)}"
        + ("" if one.p95_ms is None else f" (p95 {words.milliseconds(one.p95_ms)})")
        for name, one in parts.items())


def lines(published: Published) -> list[str]:
    """Of each method that was timed on pictures; nothing of texts."""
    timed = {record.identity.run_id: record.latency for record in published.study.records
             if record.latency is not None and record.latency.parts_ms}
    found = [f"{row.name}: {said(timed[run_id].parts_ms)}" for row in published.summary.rows
             for run_id in row.run_ids if run_id in timed]
    return [f"Parts of an answer's time about a picture, medians: {'; '.join(found)}."
            ] if found else []


def of_gate(result: GateResult) -> str:
    """Of candidate and baseline; empty where no picture was timed."""
    found = [f"{name} {said(parts)}" for name, parts in result.parts_ms.items()]
    return f"Parts of an answer's time, medians: {'; '.join(found)}." if found else ""

"""Where a benchmark's figures are kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from harness.common.device import Device

RESULTS = Path(__file__).parent / "results"


def kept(name: str, device: Device) -> Path:
    """The JSON file of a benchmark; figures of a GPU lie in a folder of its model's name."""
    model = re.sub(r"[^a-z0-9]+", "-", device.name.lower()).strip("-")
    return (RESULTS / model if device.type == "cuda" else RESULTS) / f"{name}.json"


def keep(name: str, device: Device, content: dict[str, Any], text: str) -> None:
    """Write the figures as JSON, with the device's name, and as Markdown; print the latter."""
    path = kept(name, device)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"device": device.name, **content}, indent=1) + "\n",
                    encoding="utf-8")
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)

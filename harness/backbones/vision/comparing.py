"""Which models were trained to compare pictures with texts."""

from __future__ import annotations

import json
from pathlib import Path

NOTE = ("it was trained to compare pictures with texts: `features` and `knn` read the vector that "
        "it compares, what is tuned the mean of the patches' states, as transformers classifies")
"""What a reader of such a backbone's numbers must know."""


def compares_texts(folder: Path) -> bool:
    """Whether a folder holds a whole model of this sort, and not the half of it that was made a
    classifier."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES as COMPARING,
    )

    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    whole = COMPARING.get(config.get("model_type", ""))
    return whole is not None and whole in (config.get("architectures") or ())

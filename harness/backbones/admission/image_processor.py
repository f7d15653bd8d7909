"""A stranger's image processor, looked at before a picture is made as large as it says."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoImageProcessor

from harness.backbones.quiet import quietly
from harness.backbones.vision.timm_models import config_in, is_timm, timm_processor
from harness.common.errors import HarnessError
from harness.common.leaves import leaves
from harness.inputs.pictures import MOST_ASPECT

PREPROCESSOR = "preprocessor_config.json"
BACKEND = "pil"
"""Pillow's resize, which is the one that most models were trained with, and there on every
machine; torchvision's gives slightly other pixels."""
MOST_SIDE, MOST_SHORTER = 4_096, 1_024
"""Pixels that a side is made, and the shorter side where only that is said: the longer one is up to
`MOST_ASPECT` times as long."""
MOST_SEEN = 3 * MOST_SIDE**2
"""Numbers that a model is given of a picture."""
MOST_VALUES = 200
SIDES = ("height", "width", "longest_edge", "max_height", "max_width")
SAVE = "Save the image processor that the model was trained with."
TRIED = ((64, 64), (1, MOST_ASPECT), (MOST_ASPECT, 1))
"""Heights and widths of pictures that it is tried on."""


def read_image_processor(folder: Path) -> Any:
    """That of a folder, as transformers has it. Raises HarnessError for one that is missing, that
    transformers does not know, or that `check_image_processor` refuses."""
    found = (timm_processor(folder, MOST_SIDE) if is_timm(config_in(folder)) else
             _transformers_own(folder))
    for name, length in (("image_mean", 3), ("image_std", 3)):
        _check_numbers(folder, name, getattr(found, name, None), length)
    return found


def _transformers_own(folder: Path) -> Any:
    _check_values(folder)
    try:
        with quietly():
            return AutoImageProcessor.from_pretrained(folder, backend=BACKEND,
                                                      trust_remote_code=False)
    except Exception as error:  # whatever a stranger's values make a library raise
        raise _unread(folder, error) from None


def check_image_processor(folder: Path) -> None:
    """Try a folder's image processor, where it has one, on small pictures and strips.

    Raises HarnessError where it names code, makes pictures larger than models see, does not
    normalise by numbers of three colours, or gives anything but one array of three colours.
    """
    if not (folder / PREPROCESSOR).is_file() and not is_timm(config_in(folder)):
        return
    reference = read_image_processor(folder)
    for height, width in TRIED:
        try:
            found = reference(np.zeros((height, width, 3), dtype=np.uint8),
                              input_data_format="channels_last", return_tensors="np")
            shape = np.asarray(found["pixel_values"]).shape
        except Exception as error:  # whatever a stranger's values make a library raise
            raise _unread(folder, error) from None
        if len(shape) != 4 or shape[:2] != (1, 3) or not 0 < math.prod(shape) <= MOST_SEEN:
            raise HarnessError(f"{folder}: {PREPROCESSOR} makes {list(shape)} numbers of a "
                               "picture, and models are given one array of three colours", SAVE)


def _check_values(folder: Path) -> None:
    """Before a library reads them."""
    path = folder / PREPROCESSOR
    if not path.is_file():
        raise HarnessError(f"{folder.name}: no {PREPROCESSOR}, so nothing says how pictures are "
                           "resized for it", "Save its image processor beside it.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _unread(folder, error) from None
    if not isinstance(config, dict):
        raise HarnessError(f"{folder}: {PREPROCESSOR} is no mapping", SAVE)
    values = list(leaves(config))
    if len(values) > MOST_VALUES:
        raise HarnessError(f"{folder}: {PREPROCESSOR} has {len(values):,} values", SAVE)
    for name, value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        most = MOST_SHORTER if _shorter_alone(config, name) else MOST_SIDE
        if not math.isfinite(value) or abs(value) > most:
            raise HarnessError(f"{folder}: {PREPROCESSOR} asks for {name} {value:,}, and no more "
                               f"than {most:,} are read", SAVE)


def _shorter_alone(config: dict[str, Any], name: str) -> bool:
    """Whether a value is the shorter side, or a single number for a size, with nothing that says
    how long the other may be."""
    field, _, part = name.partition(".")
    inside = config.get(field)
    named = isinstance(inside, dict) and any(side in inside for side in SIDES)
    return (part == "shortest_edge" and not named) or (not part and field == "size")


def _check_numbers(folder: Path, name: str, value: Any, length: int) -> None:
    if value is None:
        return
    try:
        found = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.shape != (length,) or not np.isfinite(found).all() or (
            name == "image_std" and not (found > 0).all()):
        raise HarnessError(f"{folder}: {PREPROCESSOR} has {name} {str(value)[:80]}, and there are "
                           f"{length} colours", SAVE)


def _unread(folder: Path, error: Exception) -> HarnessError:
    words = " ".join(str(error).split())[:200] or type(error).__name__
    return HarnessError(f"{folder.name}/{PREPROCESSOR}: {words}",
                        "Name a model with an image processor of transformers.")

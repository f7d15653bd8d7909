"""An RGB picture as a model is given it, by Pillow and NumPy alone.

An exported folder's program holds the text of this function, so that what is tested is what ships.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image


def seen(image: Image.Image, how: dict[str, Any]) -> np.ndarray:
    """`pixel_values` [3, height, width] fp32: resized (to height and width, or so that the
    shorter side has so many pixels), cut from the middle (black where it is too small), then each
    colour multiplied and added to."""
    if "shorter" in how["resize"]:
        made, own = how["resize"]["shorter"], min(image.size)
        wide, high = (made if side == own else int(made * side / own) for side in image.size)
    else:
        wide, high = how["resize"]["width"], how["resize"]["height"]
    image = image.resize((wide, high), how["filter"])
    if how["crop"]:
        wide, high = how["crop"]["width"], how["crop"]["height"]
        left, top = (image.width - wide) // 2, (image.height - high) // 2
        image = image.crop((left, top, left + wide, top + high))
    values = np.asarray(image, dtype=np.float32) * np.float32(how["multiply"])
    return np.ascontiguousarray((values + np.float32(how["add"])).transpose(2, 0, 1))

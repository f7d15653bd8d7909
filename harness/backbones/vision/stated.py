"""What an image processor does, as a few numbers that need no library of models to follow."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from harness.backbones.admission.image_processor import read_image_processor
from harness.backbones.quiet import quietly
from harness.backbones.vision.seen import seen
from harness.common.errors import HarnessError

Pixels = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Of RGB pictures [height, width, 3] uint8 what a model is given, [pictures, 3, height, width]
fp32."""
STATED = "preprocessing.json"
CLOSE = 1e-3
"""Within which the stated steps give the processor's own values."""
TRIED = ((64, 48), (48, 64), (33, 57), (301, 200), (90, 223), (20, 20), (7, 101), (1, 1))
"""Widths and heights of pictures that both are tried on."""
NUMBERS = ("multiply", "add")
SHORTEST, WARPED_FROM = "shortest_edge", 384
"""ConvNeXt's processor resizes without a cut from that many pixels on."""
REFUSED = ("no stated resize, cut and scale give what its image processor gives, so no program "
           "without transformers could make its pixels")


def stated(processor: Any) -> dict[str, Any]:
    """The steps of a processor of transformers, as `seen.seen` takes them: `resize`, Pillow's
    number of the `filter`, `crop` or None, and by colour `multiply` and `add`.

    Raises HarnessError where they do not give the processor's own values within `CLOSE` on
    pictures of several shapes.
    """
    found = {**_resize(processor), **scale_of(processor)}
    for number, size in enumerate(TRIED):
        noise = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        own, ours = processed(processor, [noise])[0], seen(Image.fromarray(noise), found)
        if own.shape != ours.shape or np.abs(own - ours).max() > CLOSE:
            raise HarnessError(f"{type(processor).__name__}: {REFUSED}",
                               "Write it as merged or bf16.")
    return found


def processed(processor: Any, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """What a processor of transformers makes of RGB pictures [height, width, 3] uint8:
    `pixel_values` [pictures, 3, height, width] fp32."""
    with quietly():
        found = processor(list(pictures), input_data_format="channels_last", return_tensors="np")
    return np.asarray(found["pixel_values"], dtype=np.float32)


def write_stated(processor: Any, folder: Path) -> None:
    """A processor's steps beside a model. Raises HarnessError as `stated` does."""
    (folder / STATED).write_text(json.dumps(stated(processor), indent=1) + "\n", encoding="utf-8")


def pixels_of(folder: Path) -> Pixels:
    """As a folder says it: by its stated steps, where it has them, and else by its image processor.
    Raises HarnessError as `read_image_processor` does, and where the two are not the same."""
    processor = read_image_processor(folder)
    if not (folder / STATED).is_file():
        return lambda pictures: processed(processor, pictures)
    try:
        steps = json.loads((folder / STATED).read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        steps = None
    if not _same(steps, stated(processor)):
        raise HarnessError(f"{folder}: {STATED} says other steps than its image processor's",
                           "Export it again: its program and its processor have to see the same.")
    return lambda pictures: np.stack([seen(Image.fromarray(one), steps) for one in pictures])


def _same(steps: Any, own: dict[str, Any]) -> bool:
    """But for the last digits, which machines compute otherwise."""
    if not isinstance(steps, dict) or set(steps) != set(own):
        return False
    if any(steps[name] != own[name] for name in set(own) - {*NUMBERS}):
        return False
    try:
        return all(np.allclose(steps[name], own[name], rtol=1e-5, atol=1e-6)
                   and np.shape(steps[name]) == (3,) for name in NUMBERS)
    except (TypeError, ValueError):
        return False


def _resize(processor: Any) -> dict[str, Any]:
    """By what its fields say: as most resize and cut, and as ConvNeXt's does."""
    size = {name: value for name, value in dict(processor.size or {}).items() if value}
    part, crop = getattr(processor, "crop_pct", None), None
    if part is not None and SHORTEST in size:
        edge = int(size[SHORTEST])
        crop = {"height": edge, "width": edge}
        cut = edge < WARPED_FROM
        return {"resize": {"shorter": int(edge / part)} if cut else crop,
                "filter": int(processor.resample), "crop": crop if cut else None}
    if getattr(processor, "do_center_crop", False):
        crop = {side: int(dict(processor.crop_size)[side]) for side in ("height", "width")}
    resize = ({"shorter": int(size[SHORTEST])} if set(size) == {SHORTEST} else
              {side: int(size.get(side, 1)) for side in ("height", "width")})
    return {"resize": resize, "filter": int(processor.resample), "crop": crop}


def scale_of(processor: Any) -> dict[str, list[float]]:
    """`multiply` and `add` by colour, told by what it makes of black and of white, whatever its
    fields are called."""
    black, white = processed(processor, [np.full((64, 64, 3), value, dtype=np.uint8)
                                         for value in (0, 255)])
    middle = tuple(side // 2 for side in black.shape[1:])
    at = (slice(None), *middle)
    return {"multiply": ((white[at].astype(float) - black[at]) / 255).tolist(),
            "add": black[at].astype(float).tolist()}

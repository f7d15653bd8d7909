"""Models of timm, which transformers wraps: VGG, EfficientNet and hundreds more.

timm is no dependency: it needs torchvision, whose compiled part must belong to the installed build
of torch. Pixels are made here as timm's transform for answers makes them, by Pillow.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from harness.common.errors import HarnessError

TYPE = "timm_wrapper"
REMEDY = "pip install 'adaptation-harness[timm]'"
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
"""Pillow's numbers of its filters, by timm's names."""
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""What timm takes where a configuration says nothing: ImageNet's."""
CUT = 0.875


def is_timm(config: Mapping[str, Any]) -> bool:
    """Whether a folder's configuration is of a model of timm: its own say no type."""
    kind = config.get("model_type")
    return kind == TYPE or (kind is None and "architecture" in config
                            and isinstance(config.get("pretrained_cfg"), dict))


def config_in(folder: Path) -> dict[str, Any]:
    """A folder's configuration; empty where there is none."""
    path = folder / "config.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def check_timm(folder: Path) -> None:
    """Raise HarnessError for a folder of a model of timm, where timm cannot be imported."""
    config = config_in(folder)
    if not is_timm(config):
        return
    about = f"{folder.name}: is {config.get('architecture')} of timm, and timm"
    try:
        import timm  # noqa: F401  (whether it can be)
    except ModuleNotFoundError as error:
        raise HarnessError(f"{about} is not all there: {error.name} is not installed",
                           f"Install it: {REMEDY}.") from None
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise HarnessError(
            f"{about} cannot be imported: {' '.join(str(error).split())[:120]}",
            "Install the build of torchvision that belongs to your build of torch (its index of "
            "CPU builds has both).") from None


def timm_inside(model: nn.Module) -> Any:
    """timm's own model in transformers' wrapper, beneath an adapter too; None in another."""
    found = getattr(model, "timm_model", None)
    return found if isinstance(found, nn.Module) else None


def name_classes(model: Any) -> None:
    """Have a model be saved with the classes that it has now: transformers (5.23) would write those
    of the model that it was tuned from."""
    if timm_inside(model) is not None:
        model.config.label_names = [str(name) for _, name in sorted(model.config.id2label.items())]


def timm_blocks(inside: Any) -> list[nn.Module] | None:
    """The blocks of a model of timm that keeps them in no list: stages of blocks, or of a plain
    stack of convolutions (VGG) each with what follows it, and what stands between them and the head
    as one; None where it has neither."""
    stages = getattr(inside, "blocks", None)
    if isinstance(stages, nn.Sequential) and len(stages) > 1:
        return list(stages)
    layers = [getattr(inside, f"layer{number}", None) for number in range(1, 5)]
    if all(isinstance(layer, nn.Module) for layer in layers):
        return [layer for layer in layers if layer is not None]
    features = getattr(inside, "features", None)
    if not isinstance(features, nn.Sequential):
        return None
    parts: list[list[nn.Module]] = []
    for layer in features:
        if isinstance(layer, nn.Conv2d) or not parts:
            parts.append([])
        parts[-1].append(layer)
    between = getattr(inside, "pre_logits", None)
    return [nn.Sequential(*part) for part in parts] + (
        [between] if isinstance(between, nn.Module) and list(between.parameters()) else [])


@dataclass
class TimmProcessor:
    """What an image processor of transformers says and does, for a model of timm: resized until
    the shorter side is so long, or both are (`squash`), and cut in the middle."""

    resized: int
    squash: bool
    height: int
    width: int
    resample: int
    image_mean: tuple[float, ...]
    image_std: tuple[float, ...]
    do_rescale: bool = True
    do_normalize: bool = True

    def __call__(self, images: Any, do_rescale: bool = True, do_normalize: bool = True,
                 **more: Any) -> dict[str, np.ndarray]:
        """Of RGB [height, width, 3] uint8, one or several: `pixel_values`."""
        many = images if isinstance(images, list | tuple) else [images]
        made = np.stack([self._seen(np.asarray(one)) for one in many])
        if do_rescale:
            made = made.astype(np.float32) / np.float32(255)
        if do_normalize:
            mean, spread = (np.asarray(part, np.float32).reshape(1, -1, 1, 1)
                            for part in (self.image_mean, self.image_std))
            made = (made - mean) / spread
        return {"pixel_values": made}

    def save_pretrained(self, folder: Path) -> None:
        """Nothing: it is made of the model's own configuration."""

    def _seen(self, pixels: np.ndarray) -> np.ndarray:
        """[3, height, width] uint8."""
        image = Image.fromarray(pixels)
        made = image.resize(self._size(*image.size), Image.Resampling(self.resample))
        # As torchvision's `center_crop` rounds.
        left, top = round((made.width - self.width) / 2), round((made.height - self.height) / 2)
        found = made.crop((left, top, left + self.width, top + self.height))
        return np.ascontiguousarray(np.asarray(found).transpose(2, 0, 1))

    def _size(self, width: int, height: int) -> tuple[int, int]:
        """As torchvision's `resize` has it, which cuts the longer side to whole pixels."""
        if self.squash:
            return self.resized, self.resized
        short, long = sorted((width, height))
        longer = int(self.resized * long / short)
        return (self.resized, longer) if width <= height else (longer, self.resized)


def timm_processor(folder: Path, most: int) -> TimmProcessor:
    """Of a folder's `pretrained_cfg`, as `timm.data.resolve_data_config` reads it. Raises
    HarnessError for what is not made here: sides above `most`, and other ways to cut."""
    said = config_in(folder).get("pretrained_cfg") or {}
    try:
        channels, height, width = (int(side) for side in said.get("input_size") or (3, 224, 224))
        share = float(said.get("crop_pct") or CUT)
        resized, mode = math.floor(height / share), said.get("crop_mode") or "center"
        resample = FILTERS[said.get("interpolation") or "bicubic"]
        mean, spread = (tuple(map(float, said.get(name) or usual))
                        for name, usual in (("mean", MEAN), ("std", SPREAD)))
    except (TypeError, ValueError, KeyError, ZeroDivisionError, OverflowError) as error:
        raise HarnessError(f"{folder.name}/config.json: pretrained_cfg cannot be read: "
                           f"{str(error)[:100]}", "Name a model as timm saves it.") from None
    if (channels, width) != (3, height) or mode not in ("center", "squash") or not (
            0 < height <= resized <= most):
        raise HarnessError(f"{folder.name}/config.json: pretrained_cfg asks for {channels} × "
                           f"{height} × {width} of {resized}, {mode}: read are three colours, a "
                           f"square cut out of at most {most:,}, center or squash",
                           "Name another model.")
    return TimmProcessor(resized, mode == "squash", height, width, resample, mean, spread)

"""Small pictures of two kinds, and a tiny model of each family that reads pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    BeitConfig,
    BeitForImageClassification,
    CLIPConfig,
    CLIPModel,
    ConvNextConfig,
    ConvNextModel,
    DeiTConfig,
    DeiTModel,
    Dinov2Config,
    Dinov2Model,
    EfficientNetConfig,
    EfficientNetModel,
    MetaClip2Config,
    MetaClip2Model,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RegNetConfig,
    RegNetModel,
    ResNetConfig,
    ResNetModel,
    SiglipConfig,
    SiglipModel,
    SwinConfig,
    SwinModel,
    ViTConfig,
    ViTModel,
)

SIDE, SEEN = 40, 32
CLASSES = ("lines", "spots", "plain")
WIDE = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
        "intermediate_size": 64}
VISION = WIDE | {"image_size": SEEN, "patch_size": 8}
WORDS = ("<pad>", "<s>", "</s>", "<unk>", ".", "a", "photo", "of", "picture", "this", "is",
         *CLASSES, "nothing", "with", "in", "it", "long")
TEXT = WIDE | {"vocab_size": len(WORDS), "max_position_embeddings": 64, "bos_token_id": 1,
               "eos_token_id": 2, "pad_token_id": 0}
COMPARING = ("clip", "siglip", "metaclip_2")
"""Families that compare pictures with texts."""


def _models() -> dict[str, PreTrainedModel]:
    return {
        "vit": lambda: ViTModel(ViTConfig(**VISION)),
        "deit": lambda: DeiTModel(DeiTConfig(**VISION)),
        "beit": lambda: BeitForImageClassification(BeitConfig(**VISION, num_labels=7)),
        "dinov2": lambda: Dinov2Model(Dinov2Config(
            hidden_size=32, num_hidden_layers=3, num_attention_heads=2, image_size=SEEN,
            patch_size=8, use_mask_token=False)),
        "swin": lambda: SwinModel(SwinConfig(image_size=SEEN, patch_size=4, embed_dim=16,
                                             depths=[1, 3], num_heads=[2, 2], window_size=4)),
        "resnet": lambda: ResNetModel(ResNetConfig(
            embedding_size=16, hidden_sizes=[16, 24, 32], depths=[1, 1, 1])),
        "convnext": lambda: ConvNextModel(ConvNextConfig(
            hidden_sizes=[16, 24, 32], depths=[1, 1, 1], num_stages=3)),
        "regnet": lambda: RegNetModel(RegNetConfig(
            embedding_size=16, hidden_sizes=[16, 24, 32], depths=[1, 1, 1], groups_width=8)),
        "efficientnet": lambda: EfficientNetModel(EfficientNetConfig(
            image_size=SEEN, width_coefficient=0.25, depth_coefficient=0.1, hidden_dim=320,
            kernel_sizes=[3, 3], in_channels=[16, 16], out_channels=[16, 24], strides=[1, 2],
            num_block_repeats=[1, 1], expand_ratios=[1, 2], depthwise_padding=[])),
        "siglip": lambda: SiglipModel(SiglipConfig(text_config=TEXT, vision_config=VISION)),
        "clip": lambda: CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION,
                                             projection_dim=16)),
        "metaclip_2": lambda: MetaClip2Model(MetaClip2Config(
            text_config=TEXT, vision_config=VISION, projection_dim=16)),
    }


FAMILIES = tuple(_models())
PROCESSORS = {"vit": "ViTImageProcessor", "deit": "DeiTImageProcessor",
              "beit": "BeitImageProcessor", "dinov2": "BitImageProcessor",
              "swin": "ViTImageProcessor", "resnet": "ConvNextImageProcessor",
              "convnext": "ConvNextImageProcessor", "siglip": "SiglipImageProcessor",
              "regnet": "ConvNextImageProcessor", "efficientnet": "EfficientNetImageProcessor",
              "clip": "CLIPImageProcessor", "metaclip_2": "CLIPImageProcessor"}


def write_vision(family: str, folder: Path, seed: int = 0) -> Path:
    """A folder as such a model is published in, with random weights."""
    torch.manual_seed(seed)
    model = _models()[family]()
    model.eval().save_pretrained(folder)
    write_processor(family, folder)
    if family in COMPARING:
        write_words(folder)
    return folder


SMALL = {"vgg11": {"mlp_ratio": 0.01}, "vgg11_bn": {"mlp_ratio": 0.01}, "test_efficientnet": None,
         "test_resnet": None}
"""Architectures of timm, and what makes VGG's widest layers narrow."""
PIXELS = {"input_size": [3, SEEN, SEEN], "crop_pct": 0.875, "interpolation": "bicubic",
          "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def has_timm() -> bool:
    """Whether timm can be imported: it needs a torchvision of torch's own build."""
    try:
        import timm  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True


def write_timm(architecture: str, folder: Path) -> Path:
    """A folder as transformers saves a model of timm in, with random weights."""
    from transformers import TimmWrapperConfig, TimmWrapperForImageClassification

    torch.manual_seed(0)
    TimmWrapperForImageClassification(TimmWrapperConfig(
        architecture=architecture, num_labels=7, model_args=SMALL[architecture],
        pretrained_cfg=dict(PIXELS))).eval().save_pretrained(folder)
    return folder


def write_words(folder: Path) -> None:
    """A tokenizer of a few words, whose texts end as CLIP's do."""
    made = Tokenizer(WordLevel(dict(zip(WORDS, range(len(WORDS)), strict=True)), "<unk>"))
    made.normalizer, made.pre_tokenizer = Lowercase(), Whitespace()
    made.post_processor = TemplateProcessing(single="<s> $A </s>",
                                             special_tokens=[("<s>", 1), ("</s>", 2)])
    PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>",
                            pad_token="<pad>", unk_token="<unk>",
                            model_max_length=64).save_pretrained(folder)


def write_processor(family: str, folder: Path) -> None:
    """The image processor of a family, for pictures of 32 pixels."""
    kind = PROCESSORS[family]
    size = ({"shortest_edge": SEEN} if kind in ("ConvNextImageProcessor", "BitImageProcessor",
                                                "CLIPImageProcessor")
            else {"height": SEEN, "width": SEEN})
    cut = {"do_center_crop": kind in ("BitImageProcessor", "CLIPImageProcessor"),
           "crop_size": {"height": SEEN, "width": SEEN}} if "Conv" not in kind else {}
    (folder / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": kind, "do_resize": True, "size": size, "resample": 3, **cut,
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
        "do_convert_rgb": True}))


def picture(label: str, number: int) -> np.ndarray:
    """RGB, [40, 40, 3] uint8: noise under something that its class has."""
    rng = np.random.default_rng([CLASSES.index(label), number])
    found = rng.integers(60, 120, (SIDE, SIDE, 3))
    if label == "lines":
        found[:: rng.integers(3, 6)] += 120
    elif label == "spots":
        for row, column in rng.integers(4, SIDE - 4, (5, 2)):
            found[row - 3: row + 3, column - 3: column + 3] = 240
    return found.astype(np.uint8)


def write_pictures(folder: Path, each: int = 30) -> Path:
    """One folder a class of PNG files."""
    for label in CLASSES:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            Image.fromarray(picture(label, number)).save(folder / label / f"{number:03}.png")
    return folder


def suite_of_pictures(model: Path, data: str = "pictures") -> dict:
    """A small suite over a tiny model."""
    return {
        "name": "scans", "title": "Lines, spots or nothing?",
        "task": {"input": "image", "source": {"file": data}, "reader": {"pictures": {}},
                 "labels": {name: [name] for name in CLASSES}},
        "methods": ["majority", "colours", "pixels"],
        "backbones": {"tiny": {"kind": "image", "source": {"file": str(model)},
                               "methods": ["knn", "features", "full", "lora"]}},
        "budget": {"train": 24, "validation": 12, "test": 18, "epochs": 1, "steps": 1, "batch": 8,
                   "trials": 2, "seeds": 2},
        "measure": {"latency": {"requests": 3, "warmup": 1, "batch": 4, "batches": 1}},
        "decide": {"metric": "macro_f1"},
    }

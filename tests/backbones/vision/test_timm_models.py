"""Models of timm: VGG and EfficientNet through transformers' wrapper.

timm is an extra, which needs a torchvision of torch's own build: where it cannot be imported, what
is refused is tested, and the rest is not.
"""

import dataclasses
import json
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from pictured import CLASSES, PIXELS, SMALL, has_timm, picture, write_timm
from PIL import Image

from harness.backbones.admission.folder import look
from harness.backbones.admission.image_processor import read_image_processor
from harness.backbones.blocks import (
    classification_head,
    convolutions,
    linear_layers,
    transformer_blocks,
)
from harness.backbones.checkpoint import check_backbone
from harness.backbones.handle import folder_handle
from harness.backbones.load import load_classifier
from harness.backbones.vision.features import last_layer, picture_features
from harness.backbones.vision.prepared import read_prepared
from harness.backbones.vision.timm_models import check_timm, timm_processor
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.inputs.held_picture import held_picture
from harness.tasks.examples import Item

WHOLE = dataclasses.replace(detect(), autocast="no")
needs_timm = pytest.mark.skipif(not has_timm(), reason="the extra `timm` is not installed")


def config_alone(folder, **changes):
    """The configuration that timm publishes beside its weights."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({
        "architecture": "vgg11", "num_classes": 7, "pretrained_cfg": PIXELS | changes}))
    return folder


@pytest.fixture(params=SMALL)
def folder(request, tmp_path):
    return write_timm(request.param, tmp_path / request.param)


@pytest.fixture
def items():
    return [Item(str(n), "", None, picture=held_picture(picture(label, n)[: 40 - n], str(n)))
            for n, label in enumerate(CLASSES * 2)]


@needs_timm
def test_a_model_is_loaded_and_answers_as_transformers_alone(folder, items, tmp_path):
    from transformers import AutoConfig, AutoModelForImageClassification

    look(folder)
    handle = folder_handle(folder)
    assert handle.kind == "image"
    for use in ("classes", "states"):
        check_backbone(handle, use)
    loaded = load_classifier(handle, CLASSES, WHOLE.type)
    last = last_layer(loaded.model)
    assert {id(p) for p in loaded.fresh.values()} == {id(p) for p in last.parameters()}
    loaded.model.save_pretrained(tmp_path / "saved")
    assert AutoConfig.from_pretrained(tmp_path / "saved").id2label == dict(enumerate(CLASSES))
    plain = AutoModelForImageClassification.from_pretrained(tmp_path / "saved").eval()
    batch = loaded.processor.collate(loaded.processor.encode(items, 1), None, "cpu")
    with torch.no_grad():
        torch.testing.assert_close(loaded.model(**batch).logits, plain(**batch).logits,
                                   atol=1e-5, rtol=1e-5)
        wanted = loaded.model(**batch).logits
        found = last(torch.from_numpy(picture_features(handle, WHOLE).connect()(items)))
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


@needs_timm
@pytest.mark.parametrize("changes", [
    {}, {"interpolation": "bilinear", "crop_pct": 1.0}, {"crop_mode": "squash"},
    {"crop_pct": 0.8}, {"interpolation": None, "mean": None, "std": None}])
def test_pixels_are_those_of_transformers_own_processor(changes, tmp_path):
    """Against timm's transform for answers, which is torchvision's."""
    from transformers import TimmWrapperImageProcessor

    theirs = TimmWrapperImageProcessor(PIXELS | changes)
    ours = read_prepared(config_alone(tmp_path / "vgg", **changes))
    for height, width in ((40, 40), (37, 51), (64, 33), (20, 90), (31, 32), (36, 37)):
        pixels = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
        wanted = theirs(Image.fromarray(pixels))["pixel_values"]
        found = ours.batch([(None, lambda pixels=pixels: ours.resized(pixels))])
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


@needs_timm
def test_vgg_is_cut_before_each_convolution_and_efficientnet_between_stages(folder):
    model = load_classifier(folder_handle(folder), CLASSES, "cpu").model
    blocks, inside = transformer_blocks(model), model.timm_model
    learned = [{id(p) for p in block.parameters()} for block in blocks]
    assert sum(map(len, learned)) == len(set().union(*learned))
    assert classification_head(model) == [inside.get_classifier()]
    assert not linear_layers(model)
    if folder.name.startswith("vgg"):
        # Eight convolutions, and what stands between them and the head.
        assert len(blocks) == 9
        assert [sum(isinstance(m, torch.nn.Conv2d) for m in b.modules()) for b in blocks] == [
            *[1] * 8, 2]
        assert len(convolutions(model)) == 10
        below = {id(p) for name, p in model.named_parameters() if "head." not in name}
        assert set().union(*learned) == below
    elif folder.name == "test_resnet":
        assert blocks == [getattr(inside, f"layer{n}") for n in range(1, 5)]
    else:
        assert blocks == list(inside.blocks)


@pytest.mark.parametrize(("changes", "found"), [
    ({"input_size": [3, 32, 48]}, "three colours, a square"),
    ({"input_size": [1, 32, 32]}, "three colours, a square"),
    ({"input_size": [3, 9000, 9000]}, "at most 4,096"),
    ({"crop_pct": 1e-9}, "at most 4,096"), ({"crop_pct": 1.5}, "a square cut out of"),
    ({"crop_mode": "border"}, "center or squash"), ({"interpolation": "odd"}, "cannot be read"),
    ({"mean": "no"}, "cannot be read"), ({"std": [0.1, 0.2]}, "there are 3 colours"),
])
def test_what_is_not_made_of_a_picture_is_refused(changes, found, tmp_path):
    with pytest.raises(HarnessError) as caught:
        read_image_processor(config_alone(tmp_path / "vgg", **changes))
    assert found in caught.value.found


def test_what_is_published_says_no_type_and_is_of_pictures(tmp_path):
    folder = config_alone(tmp_path / "vgg")
    (folder / "model.safetensors").write_bytes(b"")
    seen = timm_processor(folder, 4096)(np.full((40, 60, 3), 255, dtype=np.uint8))
    assert seen["pixel_values"].shape == (1, 3, 32, 32)
    np.testing.assert_allclose(seen["pixel_values"][0, :, 5, 5], [
        (1 - mean) / std for mean, std in zip(PIXELS["mean"], PIXELS["std"], strict=True)],
        rtol=1e-5)


def test_without_timm_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(HarnessError) as caught:
        check_timm(config_alone(tmp_path / "vgg"))
    assert "vgg11 of timm" in caught.value.found
    assert "timm is not installed" in caught.value.found
    assert "pip install 'adaptation-harness[timm]'" in caught.value.fix


def test_with_another_builds_torchvision_its_build_is_named(tmp_path, monkeypatch):
    class Broken:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "timm":
                raise RuntimeError("operator torchvision::nms does not exist")
            return None

    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken, *sys.meta_path])
    with pytest.raises(HarnessError) as caught:
        check_timm(config_alone(tmp_path / "vgg"))
    assert "operator torchvision::nms does not exist" in caught.value.found
    assert "the build of torchvision that belongs" in caught.value.fix


@pytest.mark.skipif(find_spec("timm") is not None, reason="timm is installed")
def test_a_look_at_such_a_folder_says_so_too(tmp_path):
    from safetensors.numpy import save_file

    folder = config_alone(tmp_path / "vgg")
    save_file({"features.0.weight": np.zeros((64, 3, 3, 3), np.float32)},
              folder / "model.safetensors")
    with pytest.raises(HarnessError, match="timm is not installed"):
        look(folder)
    assert folder_handle_kind(folder) == "image"


def folder_handle_kind(folder):
    from harness.backbones.handle import hashed_handle

    return hashed_handle(folder, "a" * 64).kind

"""Models that read pictures: as transformers alone computes them, whatever the family."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from pictured import CLASSES, FAMILIES, picture, write_vision
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification

from harness.backbones.admission.folder import look
from harness.backbones.checkpoint import check_backbone
from harness.backbones.encoding.padding import Padding
from harness.backbones.handle import folder_handle
from harness.backbones.load import load_classifier
from harness.backbones.vision.features import last_layer, picture_features
from harness.backbones.vision.processor import Shot
from harness.backbones.vision.statistics import normalised_by_batch
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.inputs.picture_row import PictureRow
from harness.inputs.picture_store import store_folder
from harness.inputs.preparing import prepare
from harness.tasks.examples import Item
from harness.tasks.picture_rows import _rows

WHOLE = dataclasses.replace(detect(), autocast="no")


def png(pixels, tmp_path):
    path = tmp_path / "one.png"
    Image.fromarray(pixels).save(path)
    return path.read_bytes()


@pytest.fixture
def items(tmp_path):
    """Pictures of three sizes."""
    pixels = [picture(label, n)[: 40 - 3 * n, : 40 - n] for n, label in enumerate(CLASSES * 2)]
    folder = store_folder("vision models")
    store = prepare((PictureRow(png(p, tmp_path), f"{n}.png", "a") for n, p in enumerate(pixels)),
                    folder)
    rows = _rows(store, [("a", None, {}, None)] * len(pixels), folder)
    return [Item(row.id, "", None, picture=row.picture) for row in rows], pixels


@pytest.fixture(params=FAMILIES)
def handle(request, tmp_path):
    return folder_handle(write_vision(request.param, tmp_path / request.param))


def test_a_folder_is_looked_at_and_of_pictures(handle):
    look(handle.path)
    assert handle.kind == "image"
    check_backbone(handle, "classes")
    check_backbone(handle, "states")


def test_pixels_are_what_the_models_own_processor_makes(handle, items):
    ours, pixels = items
    reference = AutoImageProcessor.from_pretrained(handle.path, backend="pil")
    loaded = load_classifier(handle, CLASSES, WHOLE.type)
    for _ in range(2):  # the second time as they were kept
        found = loaded.processor.collate(loaded.processor.encode(ours, 1), Padding.NONE, "cpu")
        for one, there in zip(found["pixel_values"], pixels, strict=True):
            wanted = reference(Image.fromarray(there), return_tensors="pt")["pixel_values"][0]
            torch.testing.assert_close(one, wanted, atol=1e-3, rtol=0)


def test_answers_are_those_of_transformers_alone(handle, items, tmp_path):
    ours, _ = items
    loaded = load_classifier(handle, CLASSES, WHOLE.type)
    batch = loaded.processor.collate(loaded.processor.encode(ours, 1), Padding.NONE, "cpu")
    loaded.model.save_pretrained(tmp_path / "saved")
    plain = AutoModelForImageClassification.from_pretrained(tmp_path / "saved").eval()
    with torch.no_grad():
        found, wanted = loaded.model(**batch).logits, plain(**batch).logits
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    assert sorted(loaded.fresh) == sorted(
        name for name, _ in loaded.model.named_parameters() if name.startswith("classifier"))


def test_features_are_what_the_head_reads(handle, items):
    ours, _ = items
    found = picture_features(handle, WHOLE).connect()(ours)
    loaded = load_classifier(handle, CLASSES, WHOLE.type)
    layer = last_layer(loaded.model)
    assert found.shape == (len(ours), layer.in_features)
    for item, vector in zip(ours, found, strict=True):
        batch = loaded.processor.collate([Shot(item.picture)], Padding.NONE, "cpu")
        with torch.no_grad():
            wanted = loaded.model(**batch).logits[0]
            ours_ = layer(torch.from_numpy(vector))
        torch.testing.assert_close(ours_, wanted, atol=1e-5, rtol=1e-4)


def test_statistics_of_batch_normalisation_stay(items, tmp_path):
    ours, _ = items
    loaded = load_classifier(folder_handle(write_vision("resnet", tmp_path / "resnet")), CLASSES,
                             WHOLE.type)
    assert len(normalised_by_batch(loaded.model)) > 3
    before = {name: value.clone() for name, value in loaded.model.named_buffers()}
    loaded.model.train()
    shots = loaded.processor.encode(ours, 1)
    whole = loaded.model(**loaded.processor.collate(shots, Padding.NONE, "cpu")).logits
    alone = loaded.model(**loaded.processor.collate(shots[:1], Padding.NONE, "cpu")).logits
    torch.testing.assert_close(whole[:1], alone, atol=1e-5, rtol=1e-5)
    for name, value in loaded.model.named_buffers():
        torch.testing.assert_close(value, before[name], atol=0, rtol=0)


def test_a_folder_without_a_processor_is_named(tmp_path):
    folder = write_vision("vit", tmp_path / "vit")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(HarnessError, match="no preprocessor_config"):
        load_classifier(folder_handle(folder), CLASSES, WHOLE.type)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "No"}))
    with pytest.raises(HarnessError, match="preprocessor_config"):
        load_classifier(folder_handle(folder), CLASSES, WHOLE.type)


@pytest.mark.parametrize("how", ["flip", "crop", "randaugment"])
def test_variants_are_of_their_seed_and_picture_alone(how, items, tmp_path):
    ours, _ = items
    loaded = load_classifier(folder_handle(write_vision("vit", tmp_path / "vit")), CLASSES, "cpu")
    processor = loaded.processor
    shots = processor.encode(ours, 1)

    def seen(shots, seed):
        batch = processor.collate(processor.varied(shots, how, seed), Padding.NONE, "cpu")
        return batch["pixel_values"].numpy()

    first = seen(shots, "0 1")
    np.testing.assert_array_equal(seen(shots[::-1], "0 1")[::-1], first)
    assert not np.array_equal(seen(shots, "0 2"), first)
    assert first.shape[2:] == (32, 32)
    plain = processor.collate(shots, Padding.NONE, "cpu")["pixel_values"].numpy()
    mirrored = plain[..., ::-1]
    if how == "flip":
        kinds = [np.array_equal(one, p) or np.array_equal(one, m)
                 for one, p, m in zip(first, plain, mirrored, strict=True)]
        assert all(kinds)

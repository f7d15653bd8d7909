"""What an exported graph is given of a picture, beside each family's own image processor."""

import numpy as np
import pytest
from pictured import FAMILIES, write_processor
from PIL import Image
from transformers import EfficientNetImageProcessorPil, LevitImageProcessorPil

from harness.backbones.admission.image_processor import read_image_processor
from harness.backbones.vision import prepared
from harness.backbones.vision.prepared import read_prepared
from harness.backbones.vision.seen import seen
from harness.backbones.vision.stated import CLOSE, pixels_of, processed, stated, write_stated
from harness.common.errors import HarnessError

SIZES = ((41, 29), (29, 41), (250, 250), (31, 200), (32, 32), (3, 2))


def noise(width, height, seed=5):
    rng = np.random.default_rng([seed, width, height])
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def families(folder):
    for family in FAMILIES:
        (folder / family).mkdir()
        (folder / family / "config.json").write_text("{}")
        write_processor(family, folder / family)
        yield read_image_processor(folder / family)
    yield EfficientNetImageProcessorPil(size={"height": 40, "width": 36})
    yield EfficientNetImageProcessorPil(size={"height": 40, "width": 36}, include_top=False,
                                        rescale_offset=True, rescale_factor=1 / 127.5)


def test_the_stated_steps_make_the_processor_s_pixels(tmp_path):
    for processor in families(tmp_path):
        steps = stated(processor)
        for width, height in SIZES:
            one = noise(width, height)
            np.testing.assert_allclose(seen(Image.fromarray(one), steps),
                                       processed(processor, [one])[0], atol=CLOSE)


def test_a_processor_of_other_steps_is_refused_by_name():
    with pytest.raises(HarnessError, match="LevitImageProcessorPil: no stated resize"):
        stated(LevitImageProcessorPil())


def test_what_lies_beside_a_processor_has_to_be_its_own(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    write_processor("clip", tmp_path)
    write_stated(read_image_processor(tmp_path), tmp_path)
    one = noise(50, 40)
    np.testing.assert_allclose(pixels_of(tmp_path)([one]),
                               processed(read_image_processor(tmp_path), [one]), atol=CLOSE)
    (tmp_path / "preprocessing.json").write_text("[" * 100_000)
    with pytest.raises(HarnessError, match="says other steps"):
        pixels_of(tmp_path)


@pytest.mark.parametrize("values", [
    {"include_top": True}, {"include_top": False},
    {"include_top": True, "rescale_offset": True, "rescale_factor": 1 / 127.5}])
def test_pixels_for_learning_are_those_of_a_processor_that_normalises_twice(tmp_path, values):
    """EfficientNet's."""
    (tmp_path / "config.json").write_text("{}")
    EfficientNetImageProcessorPil(size={"height": 40, "width": 36}, **values).save_pretrained(
        tmp_path)
    found, one = read_prepared(tmp_path), noise(60, 50)
    assert found.resized(one).dtype == np.uint8
    np.testing.assert_allclose(found.batch([(None, lambda: found.resized(one))]).numpy(),
                               processed(found.reference, [one]), atol=CLOSE)


def test_a_processor_that_does_more_is_refused(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    write_processor("clip", tmp_path)
    before = prepared.processed
    monkeypatch.setattr(prepared, "processed", lambda *given: before(*given) ** 2)
    with pytest.raises(HarnessError, match="does more to pixels"):
        read_prepared(tmp_path)

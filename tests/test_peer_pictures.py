"""The plain script's features and its choice."""

import numpy as np
from PIL import Image

from benchmarks.peers import pictures


def of_colour(label, seed):
    noise = np.random.default_rng(seed).integers(0, 60, (40, 40, 3), dtype=np.uint8)
    noise[:, :, label] += 100
    return Image.fromarray(noise)


def test_a_histogram_is_shares_of_colours():
    half = np.zeros((4, 4, 3), dtype=np.uint8)
    half[:2] = (255, 128, 63)  # steps 3, 2 and 0 of four
    found = pictures.histogram([Image.fromarray(half)])[0]
    assert found.shape == (64,)
    assert {place: found[place] for place in np.flatnonzero(found)} == {
        0: 0.5, 3 * 16 + 2 * 4 + 0: 0.5}


def test_every_floor_tells_plain_colours_apart():
    labels = np.arange(240) % 3
    shown = [of_colour(label, seed) for seed, label in enumerate(labels)]
    draws = [pictures.dealt(labels, 60, 60, seed) for seed in range(2)]
    for features in (pictures.raw, pictures.histogram):
        found = pictures.measured(features, shown, labels, draws)
        assert found["macro_f1"] == [1, 1]
        assert found["seconds_a_picture"] > 0
    told_nothing = pictures.measured(lambda some: np.ones((len(some), 2)), shown, labels, draws)
    assert max(told_nothing["macro_f1"]) < 0.4
    text = pictures.told({"none": told_nothing}, {"train": 60, "validation": 100, "test": 60}, "x")
    assert "| none | 0.167 | 0.167, 0.167 |" in text


def test_a_draw_s_parts_are_apart_and_of_every_class():
    labels = np.repeat([0, 1, 2], [200, 100, 100])
    parts = pictures.dealt(labels, 100, 120, 3)
    assert [len(part) for part in parts] == [100, 100, 120]
    assert len(np.unique(np.concatenate(parts))) == 320
    for part in parts:
        np.testing.assert_allclose(np.bincount(labels[part]) / len(part), [0.5, 0.25, 0.25],
                                   atol=0.02)

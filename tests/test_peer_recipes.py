"""The scripts that families are held against: they learn, repeat themselves, and are compared."""

import dataclasses
import json
import random
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictured import write_vision
from PIL import Image

from benchmarks import recipes
from benchmarks.peers import adapter, contrastive, pictures, plain_loop, recipe
from benchmarks.peers.data import Data, Labelled, read_data, write_data
from benchmarks.recipes import Compared, Figure
from harness.common.device import detect
from harness.study.planning.plan import make_plan
from harness.suite import load_suite

LEARNED = ("apple pear plum", "copper iron zinc")


@pytest.fixture
def data(encoder_folder):
    """Items of two classes that words tell apart, to be answered as they were learned."""
    texts = [f"{LEARNED[i % 2].split()[i // 2 % 3]} n{i}" for i in range(24)]
    part = Labelled(texts, None, [i % 2 for i in range(24)])
    return Data(part, part, 2, str(encoder_folder), 16)


@pytest.fixture
def seen(tmp_path):
    """Pictures of two kinds that any shape tells apart, and a ViT of three layers."""
    paths = [tmp_path / f"{i}.png" for i in range(24)]
    draw = np.random.default_rng(0)
    for i, path in enumerate(paths):
        lines = np.zeros((40, 40, 3), np.uint8)
        lines[i % 4::4] = 255
        noise = draw.integers(0, 40, lines.shape, dtype=np.uint8)
        Image.fromarray((lines if i % 2 else lines.swapaxes(0, 1)) // 2 + noise).save(path)
    part = Labelled([str(path) for path in paths], None, [i % 2 for i in range(24)])
    return Data(part, part, 2, str(write_vision("vit", tmp_path / "vit")), 16)


@pytest.mark.parametrize("name", recipe.RECIPES)
def test_a_recipe_answers_every_item_and_repeats_itself(name, request, monkeypatch):
    for script in (plain_loop, adapter, pictures):
        monkeypatch.setattr(script, "EPOCHS", 1)
    monkeypatch.setattr(contrastive, "PAIRS", 1)
    read = "seen" if recipe.RECIPES[name].kind == "image" else "data"
    data = request.getfixturevalue(read)
    one, other = (recipe.run(name, data, 3).predicted for _ in range(2))
    assert one.shape == (24,)
    assert set(one.tolist()) <= {0, 1}
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["tfidf", "loop-mean", "lora"])
def test_a_recipe_learns_what_words_tell(name, data, monkeypatch):
    """On random tiny weights, which want larger steps than a pretrained model."""
    for script in (plain_loop, adapter):
        monkeypatch.setattr(script, "RATE", 1e-2)
    found = recipe.run(name, data, 0).predicted
    assert (found == data.test.labels).mean() > 0.8


@pytest.mark.parametrize("name", ["pixels", "picture-features", "picture-full", "picture-lora"])
def test_a_recipe_learns_what_pictures_show(name, seen, monkeypatch):
    monkeypatch.setattr(pictures, "RATES", {"full": 3e-3, "lora": 1e-2})
    found = recipe.run(name, seen, 0).predicted
    assert (found == seen.test.labels).mean() > 0.8


@pytest.mark.parametrize("name", ["loop-first", "lora", "setfit", "embeddings"])
def test_pairs_of_texts_are_read_whole(name, data, monkeypatch):
    monkeypatch.setattr(plain_loop, "EPOCHS", 1)
    monkeypatch.setattr(adapter, "EPOCHS", 1)
    monkeypatch.setattr(contrastive, "PAIRS", 1)
    part = dataclasses.replace(data.train, pairs=["is it a metal"] * 24)
    both = dataclasses.replace(data, train=part, test=part)
    assert recipe.run(name, both, 0).predicted.shape == (24,)
    assert part.joined[0] == f"{part.texts[0]}\nis it a metal"


@given(st.lists(st.integers(0, 3), min_size=2, max_size=20).filter(lambda c: len(set(c)) > 1),
       st.integers(1, 4))
def test_each_text_has_so_many_pairs_of_either_sort(labels, each):
    texts = [f"t{i}" for i in range(len(labels))]
    class_of = dict(zip(texts, labels, strict=True))
    found = contrastive.pairs(texts, labels, each, random.Random(0))
    for row in found:
        assert row["score"] == (class_of[row["sentence1"]] == class_of[row["sentence2"]])
    counts = Counter((row["sentence1"], row["score"]) for row in found)
    assert counts == {(text, score): each for text in texts for score in (0.0, 1.0)}


def test_a_script_is_given_the_items_as_a_budget_cuts_them(place, tmp_path):
    splits = place.plan.sample(place.plan.loaded.suite.budget.model_copy(update={"max_words": 3}))
    write_data(splits, 3, tmp_path, 16, tmp_path / "data.json")
    found = read_data(tmp_path / "data.json")
    assert found.train.texts == [" ".join(e.text.split()[:3]) for e in splits.train]
    assert found.test.labels == [e.label for e in splits.test]
    assert (found.train.pairs, found.classes, found.max_length) == (None, 3, 16)


def test_a_script_is_given_pictures_as_they_are(sights_file, tmp_path):
    plan = make_plan(load_suite(sights_file), detect())
    splits = plan.sample(plan.loaded.suite.budget)
    write_data(splits, 3, tmp_path, 16, tmp_path / "data.json")
    found = read_data(tmp_path / "data.json")
    for path, item in zip(found.test.texts, splits.test, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(path)), item.picture.pixels())


def test_records_of_the_same_items_and_words_alone_are_read(place):
    asked = recipes.asked_of(place.plan, "enc", None)
    for method in ("tfidf", "full", "lora"):
        runs = [r for r in place.plan.runs if r.identity.label == method
                and r.identity.backbone in (None, "enc")]
        records = [place.store.record(run.run_id) for run in runs]
        assert recipes.by_harness(asked, recipes.records(place.store.folder), method) == {
            str(r.identity.seed): Figure(r.quality.macro_f1, r.cost.stand_alone_seconds
                                         - r.cost.trial_seconds) for r in records}
    cut = dataclasses.replace(asked, budget=asked.budget.model_copy(update={"max_words": 3}))
    fewer = recipes.asked_of(place.plan, "enc", asked.budget.train - 1)
    for other in (cut, fewer):
        assert recipes.by_harness(other, recipes.records(place.store.folder), "tfidf") == {}


@pytest.mark.parametrize("scope", ["such-items", "these-items"])
@pytest.mark.parametrize("name", ["tfidf", "setfit"])
def test_a_seed_has_the_items_that_the_harness_draws_for_it(name, scope, place, monkeypatch):
    path = place.suite("drawn", decide={"scope": scope}, budget__train=30)
    asked = recipes.asked_of(make_plan(load_suite(path), detect()), "enc", None)
    given = []

    def run(command, **options):
        given.append(read_data(command[4]).train.texts)
        answered = {"seconds": 1.0, "predicted": [0] * len(asked.splits(0).test)}
        return SimpleNamespace(stdout=f"warned of\n{json.dumps(answered)}\n")

    monkeypatch.setattr(recipes.subprocess, "run", run)
    found = dict(recipes.by_peer(asked, name, 2))
    drawn = [[e.text for e in asked.splits(draw).train] for draw in (0, 1)]
    assert drawn[0] != drawn[1]
    first = (0, 0) if name == "setfit" else (0,)
    assert given == [drawn[i] for i in ((0, 1) if scope == "such-items" else first)]
    assert list(found) == [str(seed) for seed in range(len(given))]


def test_macro_f1_is_that_of_records(place):
    run_id = place.run_id("full", "enc")
    table, labels = place.store.predictions(run_id), place.plan.task.labels
    probabilities = np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
    truth = [labels.index(name) for name in table["target"].to_pylist()]
    found = recipes.macro_f1(truth, probabilities.argmax(axis=1).tolist(), len(labels))
    assert found == pytest.approx(place.store.record(run_id).quality.macro_f1)


@pytest.mark.parametrize(("peer", "ours", "verdict"), [
    ([0.5, 0.5], [0.5, 0.6], "reached"), ([0.50, 0.46], [0.47, 0.45], "within the spread"),
    ([0.50, 0.46], [0.42, 0.43], "below by 0.055"), ([0.5], [0.49], "below by 0.010"),
    ([0.5], [], "no record"), ([0.4], [0.4], "reached")])
def test_a_family_is_not_below_within_the_seeds_spread(peer, ours, verdict):
    made = ([Figure(f1, 1.0) for f1 in side] for side in (peer, ours))
    assert Compared(*made).verdict == verdict


def test_what_was_measured_is_kept_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "keep", lambda name, device, content, text: (
        (tmp_path / "recipes.json").write_text(json.dumps(content)),
        (tmp_path / "recipes.md").write_text(text)))
    monkeypatch.setattr(recipes, "kept", lambda name, device: tmp_path / "recipes.json")
    assert recipes.read(detect()) == {}
    figures = {"legal, 200": {"peer setfit": {"0": Figure(0.4, 9.0), "1": Figure(0.5, 7.0)},
                              "harness setfit": {"0": Figure(0.48, 3.0), "1": Figure(0.5, 4.0)}}}
    recipes.told(figures, detect())
    assert recipes.read(detect()) == figures
    assert ("| setfit | 0.480, 0.500 | +0.040 | reached | 8.0 / 3.5 |"
            in (tmp_path / "recipes.md").read_text())

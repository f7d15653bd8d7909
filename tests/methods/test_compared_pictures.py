"""Zero-shot answers about pictures, against transformers' own pipeline."""

import dataclasses

import numpy as np
import pytest
import torch
import yaml
from gated import carried_out
from pictured import (
    CLASSES,
    COMPARING,
    picture,
    suite_of_pictures,
    write_pictures,
    write_vision,
)
from PIL import Image
from rich.console import Console
from scipy.special import softmax
from transformers import (
    AutoImageProcessor,
    AutoModelForZeroShotImageClassification,
    AutoTokenizer,
    pipeline,
)

from harness.backbones.frozen import frozen
from harness.backbones.handle import folder_handle
from harness.backbones.vision import compared
from harness.backbones.vision.compared import compared_pictures, compared_with
from harness.backbones.vision.comparing import NOTE
from harness.backbones.vision.features import picture_features
from harness.commands.export import Asked, export
from harness.common.device import detect
from harness.common.errors import CannotRunError, HarnessError
from harness.inputs.held_picture import held_picture
from harness.study.planning.plan import make_plan
from harness.suite import load_suite
from harness.tasks.examples import Item

WHOLE = dataclasses.replace(detect(), autocast="no")
TEMPLATE = "This is a photo of {}."


@pytest.fixture(params=COMPARING)
def handle(request, tmp_path):
    folder = write_vision(request.param, tmp_path / request.param)
    model = AutoModelForZeroShotImageClassification.from_pretrained(folder)
    with torch.no_grad():  # as after training: far from no scale and no bias
        model.logit_scale.fill_(3.0)
        if hasattr(model, "logit_bias"):
            model.logit_bias.fill_(-2.0)
    model.save_pretrained(folder)
    return folder_handle(folder)


def piped(handle, pixels, template=TEMPLATE):
    """Scores by class of the pipeline, [pictures, classes]."""
    ask = pipeline("zero-shot-image-classification", model=str(handle.path), device="cpu")
    said = [ask(Image.fromarray(one), candidate_labels=list(CLASSES), hypothesis_template=template)
            for one in pixels]
    return np.array([[{row["label"]: row["score"] for row in one}[name] for name in CLASSES]
                     for one in said])


def scores(handle, held, template=TEMPLATE):
    found = compared_with(handle, [[template.format(name)] for name in CLASSES], WHOLE)
    return compared_pictures(handle, WHOLE).connect()(held) @ found.weights + found.bias


@pytest.fixture
def held():
    """Items and their pixels, in sizes that are resized and cut."""
    pixels = [picture(label, n)[: 40 - 2 * n] for n, label in enumerate(CLASSES * 2)]
    return [Item(str(n), "", None, picture=held_picture(one, str(n)))
            for n, one in enumerate(pixels)], pixels


def test_scores_are_those_of_the_pipeline(handle, held):
    items, pixels = held
    ours, wanted = scores(handle, items), piped(handle, pixels)
    if handle.path.name == "siglip":
        np.testing.assert_allclose(1 / (1 + np.exp(-ours)), wanted, atol=1e-4)
        # Of independent decisions, on the condition that one alone is yes.
        odds = wanted / (1 - wanted)
        wanted = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax(ours, axis=1), wanted, atol=1e-4)
    assert np.ptp(wanted) > 0.01


def test_of_several_templates_the_vectors_are_averaged(handle):
    """As CLIP's authors' notebook of prompts does, with the model's own embeddings."""
    templates = ("a photo of a {}.", "picture with {}")
    found = compared_with(handle, [[t.format(name) for t in templates] for name in CLASSES], WHOLE)
    model = AutoModelForZeroShotImageClassification.from_pretrained(handle.path).eval()
    tokenizer = AutoTokenizer.from_pretrained(handle.path)
    padded = {"padding": "max_length", "max_length": 64} if handle.path.name == "siglip" else {
        "padding": True}
    for number, name in enumerate(CLASSES):
        with torch.no_grad():
            each = torch.cat([model.get_text_features(**tokenizer(
                t.format(name), return_tensors="pt", **padded)).pooler_output for t in templates])
        mean = torch.nn.functional.normalize(torch.nn.functional.normalize(each).mean(0), dim=0)
        np.testing.assert_allclose(found.weights[:, number], mean * np.exp(3.0), atol=1e-4)
    assert found.decides == (handle.path.name == "siglip")


def test_knn_and_features_read_what_is_compared_unless_told(handle, held):
    items, pixels = held
    model = AutoModelForZeroShotImageClassification.from_pretrained(handle.path).eval()
    processor = AutoImageProcessor.from_pretrained(handle.path, backend="pil")
    given = processor([Image.fromarray(one) for one in pixels], return_tensors="pt")
    with torch.no_grad():
        wanted = torch.nn.functional.normalize(model.get_image_features(**given).pooler_output)
    found = frozen(handle, 0, WHOLE).connect()(items)
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    assert frozen(handle, 0, WHOLE, "head").key == picture_features(handle, WHOLE).key


def test_a_text_that_is_too_long_is_named(handle):
    long = "a photo of " + "it " * 80 + "."
    with pytest.raises(CannotRunError, match="tokens, and the model reads 64"):
        compared_with(handle, [[long], ["a photo of lines."]], WHOLE)


def test_a_model_that_compares_otherwise_is_found_out(handle, monkeypatch):
    monkeypatch.setattr(compared, "_unit", lambda vectors: vectors.float() * 2)
    with pytest.raises(CannotRunError, match="is not known"):
        compared_with(handle, [["a photo of lines."], ["it."]], WHOLE)


def test_without_a_tokenizer_the_remedy_is_said(handle):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (handle.path / name).unlink()
    with pytest.raises(CannotRunError, match="save the tokenizer too"):
        compared_with(handle, [["a photo of lines."], ["it."]], WHOLE)


def test_classes_that_are_the_same_to_the_tokenizer_are_named(handle):
    with pytest.raises(CannotRunError, match="'a zebra' and 'a gnu' are the same"):
        compared_with(handle, [["a gnu"], ["a zebra"]], WHOLE)


@pytest.mark.parametrize(("family", "method", "found"), [
    ("vit", "zero-shot", "was not trained to compare pictures with texts"),
    ("clip", {"zero-shot": {"templates": ["a photo."]}}, "each must hold {label} once"),
    ("clip", {"zero-shot": {"score": "pmi"}}, "score: "),
    ("clip", {"features": {"pooling": "mean"}}, "is of texts"),
])
def test_what_makes_no_sense_is_refused(family, method, found, tmp_path, pictures_folder):
    suite = suite_of_pictures(write_vision(family, tmp_path / family), str(pictures_folder))
    suite["backbones"]["tiny"]["methods"] = [method]
    (tmp_path / "scans.yaml").write_text(yaml.safe_dump(suite))
    with pytest.raises(HarnessError) as caught:
        make_plan(load_suite(tmp_path / "scans.yaml"), WHOLE)
    assert found in caught.value.found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A study's runs with CLIP and SigLIP, done."""
    folder = tmp_path_factory.mktemp("compared")
    write_pictures(folder / "pictures")
    suite = suite_of_pictures(folder)
    suite["task"]["options"] = {"plain": "nothing"}
    suite["backbones"] = {family: {
        "kind": "image", "source": {"file": str(write_vision(family, folder / family))},
        "methods": ["zero-shot", "knn", "features",
                    {"features": {"as": "by-head", "pooling": "head"}}]}
        for family in ("clip", "siglip")}
    suite["budget"] |= {"seeds": 1, "trials": 1}
    suite["gate"] = {"metrics": {"accuracy": {"non_inferior_within": 0.3}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return carried_out(folder, suite)


def test_a_run_answers_as_the_pipeline_by_the_suites_wording(place):
    run = place.run_id("zero-shot", "clip")
    record, table = place.store.record(run), place.store.predictions(run).to_pandas()
    assert record.status.state == "ok", record.status
    assert record.size.trainable_parameters == 0
    known = {item.id: item.picture for item in place.plan.task.splits.test}
    words = ["lines", "spots", "nothing"]
    ask = pipeline("zero-shot-image-classification", model=str(place.folder / "clip"),
                   device="cpu")
    shares = table[[f"p:{name}" for name in CLASSES]].to_numpy()
    assert len(shares) == 18
    for item, row in zip(table["item"], shares, strict=True):
        said = {one["label"]: one["score"] for one in ask(
            Image.fromarray(known[item].pixels()), candidate_labels=words,
            hypothesis_template="a photo of a {}.")}
        np.testing.assert_allclose(row, [said[word] for word in words], atol=5e-3)


def test_records_say_what_was_read(place):
    for label in ("zero-shot", "knn", "features", "by-head"):
        record = place.store.record(place.run_id(label, "clip"))
        assert record.status.state == "ok", record.status
        assert NOTE in record.notes
    assert place.store.record(place.run_id("by-head", "clip")
                              ).identity.options["pooling"] == "head"


def test_the_gate_judges_zero_shot_answers(place, tmp_path):
    for family in ("clip", "siglip"):
        run = place.run_id("zero-shot", family)
        place.approve(run, tmp_path / family)
        assert place.gate(run, tmp_path / family).outcome == "passed"


def test_features_of_what_is_compared_are_no_classifier_of_transformers(place, tmp_path):
    asked = Asked(place.run_id("features", "clip"), str(place.folder / f"{place.name}.yaml"), None,
                  place.folder, place.runs)
    with pytest.raises(HarnessError, match="no classifier of transformers reads that"):
        export(Console(quiet=True), asked, "merged", tmp_path / "out")
    asked = dataclasses.replace(asked, run_id=place.run_id("zero-shot", "clip"))
    with pytest.raises(HarnessError, match="not those of one model's weights"):
        export(Console(quiet=True), asked, "merged", tmp_path / "out")

"""The gate on a small study of pictures: runs, strangers' folders, adapters."""

import json
import shutil

import pytest
import torch
from gated import carried_out
from peft import LoraConfig, get_peft_model
from pictured import CLASSES, FAMILIES, suite_of_pictures, write_pictures, write_vision
from PIL import Image
from transformers import AutoModelForImageClassification, ResNetConfig, ViTConfig

from harness.common.errors import HarnessError
from harness.report.gate.markdown import shown

EVERY = [("majority", None), ("colours", None), ("pixels", None), ("knn", "tiny"),
         ("features", "tiny"), ("full", "tiny"), ("lora", "tiny")]
NAMES = {"id2label": dict(enumerate(reversed(CLASSES))),
         "label2id": {name: i for i, name in enumerate(reversed(CLASSES))}}


@pytest.mark.parametrize(("label", "backbone"), EVERY)
def test_every_method_may_replace_itself(gallery, tmp_path, label, backbone):
    run_id = gallery.run_id(label, backbone)
    gallery.approve(run_id, tmp_path)
    result = gallery.gate(run_id, tmp_path)
    assert (result.outcome, result.exit_code) == ("passed", 0)
    assert result.metrics["accuracy"].difference.value == 0
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("label", "said"), [
    ("full", {}), ("lora", {"base": "tiny", "labels": ["0=lines", "1=spots", "2=plain"]})])
def test_a_folder_answers_as_its_run_does(gallery, tmp_path, label, said):
    gallery.approve(gallery.run_id(label, "tiny"), tmp_path)
    result = gallery.gate(gallery.artifact(label, "tiny"), tmp_path, **said)
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-5)


def test_time_and_memory_are_measured(gallery, tmp_path):
    suite = gallery.suite("timed", gate={
        "ratio_at_most": {"p50_ms": 1e3, "memory": 1e3}, "requests": 20})
    gallery.approve(gallery.run_id("features", "tiny"), tmp_path, keep=True)
    result = gallery.gate(gallery.run_id("full", "tiny"), tmp_path, suite)
    assert result.outcome == "passed", [c.about for c in result.checks]
    assert {c.rule.split()[0] for c in result.checks} == {"p50_ms", "memory"}
    assert all(c.low <= c.value <= c.high for c in result.checks)


def stranger(kind, folder, processor, **config):
    """What transformers saves of an image classifier: its classes in another order."""
    torch.manual_seed(1)
    made = {"vit": ViTConfig, "resnet": ResNetConfig}[kind](**NAMES, **config)
    AutoModelForImageClassification.from_config(made).save_pretrained(folder)
    shutil.copy(processor / "preprocessor_config.json", folder)
    return folder


@pytest.fixture
def vit(tmp_path):
    return stranger("vit", tmp_path / "theirs", write_vision("vit", tmp_path / "as"),
                    hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                    intermediate_size=64, image_size=32, patch_size=8)


def test_a_stranger_s_classifier_is_matched_by_its_names(gallery, vit, tmp_path):
    """Against transformers alone, on what the processor of its folder makes."""
    from transformers import AutoImageProcessor

    gallery.approve(gallery.run_id("full", "tiny"), tmp_path)
    result = gallery.gate(vit, tmp_path)
    test = gallery.plan.task.splits.test
    pixels = AutoImageProcessor.from_pretrained(vit, backend="pil")(
        [e.picture.pixels() for e in test], return_tensors="pt")
    model = AutoModelForImageClassification.from_pretrained(vit).eval()
    with torch.inference_mode():
        named = [model.config.id2label[i] for i in model(**pixels).logits.argmax(1).tolist()]
    right = sum(name == CLASSES[e.label] for name, e in zip(named, test, strict=True))
    assert result.metrics["accuracy"].candidate.value == pytest.approx(right / len(test))
    assert result.candidate.name == "theirs"


def test_a_resnet_answers_too(gallery, tmp_path):
    theirs = stranger("resnet", tmp_path / "theirs", write_vision("resnet", tmp_path / "as"),
                      embedding_size=16, hidden_sizes=[16, 24], depths=[1, 1])
    gallery.approve(gallery.run_id("majority"), tmp_path)
    assert gallery.gate(theirs, tmp_path).items == 18


def test_an_adapter_of_peft_s_is_put_on_the_backbone(gallery, vision_folder, tmp_path):
    """As PEFT saves one: the head among its modules."""
    base = AutoModelForImageClassification.from_pretrained(vision_folder, num_labels=3)
    tuned = get_peft_model(base, LoraConfig(target_modules=["q_proj", "v_proj"], r=2,
                                            modules_to_save=["classifier"]))
    tuned.save_pretrained(tmp_path / "adapter")
    gallery.approve(gallery.run_id("majority"), tmp_path)
    labels = [f"{i}={name}" for i, name in enumerate(CLASSES)]
    found = gallery.gate(tmp_path / "adapter", tmp_path, base="tiny", labels=labels)
    assert found.items == 18
    with pytest.raises(HarnessError, match="do not match the task's"):
        gallery.gate(tmp_path / "adapter", tmp_path, base="tiny")


def spoilt(folder, **values):
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(("values", "words"), [
    ({"size": {"height": 10**9, "width": 32}}, "asks for size.height 1,000,000,000"),
    ({"size": {"shortest_edge": 2000}}, "asks for size.shortest_edge 2,000, and no more"),
    ({"crop_size": {"height": 99999, "width": 9}, "do_center_crop": True}, "asks for crop_size.h"),
    ({"size": {"height": -3, "width": 32}}, "preprocessor_config.json"),
    ({"size": {"height": "many", "width": 32}}, "preprocessor_config.json"),
    ({"image_mean": [0.5]}, "has image_mean (0.5,), and there are 3 colours"),
    ({"image_std": [0.5, 0, 1]}, "has image_std"),
    ({"image_processor_type": "EvilProcessor"}, "preprocessor_config.json"),
    ({"auto_map": {"AutoImageProcessor": "evil.Evil"}}, "needs code of its own"),
    ({"size": {"height": 64, "width": 64}}, "makes 64 × 64 pixels, which the model does not read"),
])
def test_a_processor_that_does_harm_or_does_not_fit_is_refused(gallery, vit, tmp_path, values,
                                                               words):
    spoilt(vit, **values)
    gallery.approve(gallery.run_id("majority"), tmp_path)
    with pytest.raises(HarnessError) as error:
        gallery.gate(vit, tmp_path)
    assert words in error.value.found


def test_what_is_missing_or_of_other_items_is_named(gallery, vit, encoder_folder, tmp_path):
    gallery.approve(gallery.run_id("majority"), tmp_path)
    (vit / "preprocessor_config.json").unlink()
    with pytest.raises(HarnessError, match="nothing says how pictures are resized for it"):
        gallery.gate(vit, tmp_path)
    with pytest.raises(HarnessError, match="reads texts, and the items of the task are pictures"):
        gallery.gate(encoder_folder, tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_tuned_saved_and_admitted(family, tmp_path):
    """From load to gate: what `full` saved is a folder that answers as the run does."""
    write_pictures(tmp_path / "pictures", 12)
    value = suite_of_pictures(write_vision(family, tmp_path / "model"))
    value["backbones"]["tiny"]["methods"], value["methods"] = ["full"], ["majority"]
    value["gate"] = {"metrics": {"log_loss": {"non_inferior_within": 2.0}}}
    value["budget"] |= {"train": 9, "validation": 6, "test": 9, "trials": 1, "seeds": 1}
    study = carried_out(tmp_path, value)
    run_id = study.run_id("full", "tiny")
    study.approve(run_id, tmp_path / "approved")
    result = study.gate(study.store.artifact(run_id), tmp_path / "approved")
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-5)


def test_changed_pictures_are_shown_beside_the_markdown(gallery, vit, tmp_path, monkeypatch):
    """As small files, of the items that it names; the step's summary has none, where no file lies.
    A gate that ends early leaves none of an earlier one."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    gallery.approve(gallery.run_id("features", "tiny"), tmp_path)
    result = gallery.gate(vit, tmp_path)
    changed = shown(result)
    assert changed
    assert len(changed) == sum(min(10, len(each)) for each in (result.broken, result.mended))
    folder = tmp_path / "out" / "pictures"
    assert {path.stem for path in folder.iterdir()} == set(changed)
    kept = {e.id: e.picture for e in gallery.plan.task.splits.test}
    for path in folder.iterdir():
        assert path.stat().st_size <= 3_000
        assert Image.open(path).size == (kept[path.stem].width, kept[path.stem].height)
    text = (tmp_path / "out" / "gate.md").read_text()
    assert "| file | picture |" in text
    assert all(f"![](pictures/{item}.webp)" in text for item in changed)
    summary = (tmp_path / "summary.md").read_text()
    assert "webp" not in summary
    assert changed[0] in summary
    with pytest.raises(HarnessError):
        gallery.gate(tmp_path / "nothing", tmp_path)
    assert not list(folder.iterdir())


def test_the_gate_tells_what_of_the_time_is_decoding(gallery, tmp_path):
    suite = gallery.suite("parted", gate={"ratio_at_most": {"p50_ms": 1e3}, "requests": 20})
    gallery.approve(gallery.run_id("features", "tiny"), tmp_path, keep=True)
    result = gallery.gate(gallery.run_id("full", "tiny"), tmp_path, suite)
    assert [(name, *parts) for name, parts in result.parts_ms.items()] == [
        (name, "decode", "resize", "model") for name in ("candidate", "baseline")]
    for text in (gallery.shown.getvalue(), (tmp_path / "out" / "gate.md").read_text()):
        assert "candidate decoding" in " ".join(text.split())

"""VGG and EfficientNet of timm, from load to gate, by every way to learn."""

import pytest
import torch
from gated import carried_out
from pictured import has_timm, suite_of_pictures, write_pictures, write_timm
from rich.console import Console
from safetensors.torch import load_file

from harness.commands.export import Asked, export
from harness.common.errors import HarnessError

METHODS = ["knn", "features", "full", {"selective": {"blocks": 2}}, "bitfit", "lora"]
pytestmark = pytest.mark.skipif(not has_timm(), reason="the extra `timm` is not installed")


@pytest.fixture(scope="module", params=["vgg11", "vgg11_bn", "test_efficientnet"])
def place(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    write_pictures(folder / "pictures", 12)
    value = suite_of_pictures(write_timm(request.param, folder / "model"))
    value["backbones"]["tiny"]["methods"], value["methods"] = METHODS, ["majority"]
    value["gate"] = {"metrics": {"log_loss": {"non_inferior_within": 2.0}}}
    value["budget"] |= {"train": 9, "validation": 6, "test": 9, "trials": 1, "seeds": 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return request.param, carried_out(folder, value)


@pytest.mark.parametrize("label", ["knn", "features", "full", "selective", "bitfit", "lora"])
def test_each_run_may_replace_itself(label, place, tmp_path):
    _, study = place
    run_id = study.run_id(label, "tiny")
    study.approve(run_id, tmp_path)
    result = study.gate(run_id, tmp_path)
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-5)


def test_what_full_saved_is_a_folder_that_answers_as_the_run_does(place, tmp_path):
    _, study = place
    run_id = study.run_id("full", "tiny")
    study.approve(run_id, tmp_path)
    result = study.gate(study.store.artifact(run_id), tmp_path)
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-5)


def test_selective_learns_the_last_blocks_and_the_head_alone(place):
    name, study = place
    learned = set(load_file(study.artifact("selective", "tiny") / "delta.safetensors"))
    parts = {one.removeprefix("timm_model.").rsplit(".", 1)[0] for one in learned}
    if name == "vgg11":  # its eighth convolution, and what stands between that and the head
        assert parts == {"features.18", "pre_logits.fc1", "pre_logits.fc2", "head.fc"}
    elif name == "vgg11_bn":
        assert parts == {"features.25", "features.26", "pre_logits.fc1", "pre_logits.fc2",
                         "head.fc"}
    else:
        assert {part.split(".")[0] for part in parts} == {"blocks", "classifier"}
        assert {part.split(".")[1] for part in parts if part.startswith("blocks")} == {"3", "4"}


def test_statistics_of_batches_stay(place):
    name, study = place
    before = load_file(study.folder / "model" / "model.safetensors")
    after = load_file(study.artifact("full", "tiny") / "model.safetensors")
    kept = [one for one in before if "running" in one]
    assert bool(kept) == (name != "vgg11")
    for one in kept:
        torch.testing.assert_close(after[one], before[one], atol=0, rtol=0)
    assert any(not torch.equal(after[one], before[one]) for one in before if one in after
               and before[one].shape == after[one].shape)


def test_lora_is_on_every_convolution_that_is_not_in_groups(place):
    name, study = place
    saved = load_file(study.artifact("lora", "tiny") / "adapter_model.safetensors")
    model = load_file(study.folder / "model" / "model.safetensors")
    wide = {one.removesuffix(".weight") for one, value in model.items() if value.dim() == 4
            and not (name == "test_efficientnet" and "conv_dw" in one)}
    on = {one.split("base_model.model.")[1].rsplit(".lora_", 1)[0] for one in saved
          if ".lora_A" in one}
    assert on == wide


def test_the_program_that_is_exported_cannot_read_for_it(place, tmp_path):
    _, study = place
    asked = Asked(study.run_id("full", "tiny"), str(study.folder / f"{study.name}.yaml"), None,
                  study.folder, study.runs)
    with pytest.raises(HarnessError, match="its model is timm's"):
        export(Console(quiet=True), asked, "merged", tmp_path / "out")

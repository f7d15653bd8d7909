"""`HARNESS_KERNELS=off`: the libraries' own arithmetic, and the same results."""

import dataclasses
import json

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import folder_handle
from harness.common.clock import Clock
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.common.kernels import SWITCH, kernels_on
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.tasks.examples import asked
from harness.tasks.task import load_task

register_all()
APART = {"no": 2e-4, "bf16": 2**-8}
"""Between two probabilities, by what is multiplied in: the last place of bf16 is 2^-8."""
OURS = {"CastOnce", "AddingEmbedding", "FastDropout", "DirectLora"}


@pytest.fixture(scope="module")
def handles(encoder_folder, decoder_folder, tmp_path_factory):
    """With weights that tell items apart, and without dropout: other code draws other masks."""
    found = {}
    for name, folder in {"encoder": encoder_folder, "decoder": decoder_folder}.items():
        copy = tmp_path_factory.mktemp(name)
        for file in folder.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        config = json.loads((copy / "config.json").read_text())
        config |= {key: 0.0 for key in config if key.endswith("dropout_prob")}
        (copy / "config.json").write_text(json.dumps(config))
        weights = load_file(copy / "model.safetensors")
        save_file({name: w * 8 if w.dim() == 2 else w for name, w in weights.items()},
                  copy / "model.safetensors", {"format": "pt"})
        found[name] = folder_handle(copy)
    return found


def answers(loaded, handle, method, monkeypatch, switch, autocast):
    """What the tuned model answers, and which of our modules it has."""
    monkeypatch.setenv(SWITCH, switch)
    task = load_task(loaded)
    splits = task.splits.sample(16, 6, 12)
    job = Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
              validation=splits.validation,
              budget=loaded.suite.budget.model_copy(
                  update={"epochs": 3, "steps": 1, "batch": 4, "max_length": 24}),
              seed=0, clock=Clock(), device=dataclasses.replace(detect(), autocast=autocast),
              store=FeatureStore(None), backbone=handle)
    fitted = fit_once(METHODS[method]({}), job, {"learning_rate": 3e-3}).fit.fitted
    used = {type(module).__name__ for module in fitted.loaded.model.modules()}
    return fitted.predict(asked(splits.test), Clock()), used & OURS


@pytest.mark.parametrize("method", ["full", "selective", "lora"])
@pytest.mark.parametrize("backbone", ["encoder", "decoder"])
@pytest.mark.parametrize("autocast", sorted({"no", detect().autocast}))
def test_on_equals_off(loaded, handles, monkeypatch, backbone, method, autocast):
    on, ours = answers(loaded, handles[backbone], method, monkeypatch, "on", autocast)
    off, theirs = answers(loaded, handles[backbone], method, monkeypatch, "off", autocast)
    assert ours
    assert not theirs
    np.testing.assert_allclose(on, off, atol=APART[autocast])
    assert np.ptp(on, axis=0).max() > 0.01  # items are told apart


def test_the_device_says_so_and_another_word_is_refused(monkeypatch):
    assert detect().kernels
    monkeypatch.setenv(SWITCH, "off")
    assert not detect().kernels
    monkeypatch.setenv(SWITCH, "no")
    with pytest.raises(HarnessError, match="HARNESS_KERNELS is 'no'"):
        kernels_on()

"""Tuned weights taken back towards the untouched backbone's."""

import dataclasses

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.passages import nats_a_token
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.fitted import Fit
from harness.methods.learning.trials import fit_once, tune
from harness.methods.learning.validated import HeldOut
from harness.methods.method import METHODS
from harness.methods.rewind import SHARES
from harness.methods.whole import load_model
from harness.methods.work import Work
from harness.study.parts import ending
from harness.targets.metrics import ACCURACY
from harness.tasks.examples import asked

register_all()
RATE = {"learning_rate": 1e-2}
TEXTS = ("the old iron lay on a very new pear", "some brass and some of the red tin", "a plum")


@dataclasses.dataclass
class Under:
    """What a finished run gives a method on top of it."""

    method: object
    job: object
    folder: object

    def load(self):
        return self.method.load(self.job, RATE, self.folder)

    def rewound(self, share):
        return self.method.rewound(self.job, RATE, self.folder, share)


def tuned(here, name, folder, options=None):
    """A job on top of a method that has learned."""
    method = METHODS[name](options or {})
    found = fit_once(method, here, RATE).fit.fitted
    found.save(folder)
    return dataclasses.replace(here, inner=Under(method, here, folder), metric=ACCURACY), found


@pytest.fixture
def on(job, device, request):
    def make(kind, autocast="no", **more):
        return dataclasses.replace(
            job(), backbone=request.getfixturevalue(kind),
            device=dataclasses.replace(device, autocast=autocast), **more)

    return make


@pytest.mark.parametrize(("kind", "name"), [
    ("encoder", "full"), ("encoder", "selective"), ("encoder", "lora"), ("decoder", "full"),
    ("decoder", "selective"), ("decoder", "bitfit"), ("decoder", "lora"), ("decoder", "dora"),
    ("seq2seq", "lora")])
def test_all_the_way_it_answers_as_tuned_and_half_way_by_weights_half_way(kind, name, on,
                                                                          tmp_path):
    job, found = tuned(on(kind), name, tmp_path)
    rewind, items = METHODS["rewind"]({}), asked(job.validation)
    whole = rewind.fit(job, {"share": 1.0}).fitted
    assert np.allclose(whole.predict(items, Clock()), found.predict(items, Clock()), atol=1e-4)
    half = rewind.fit(job, {"share": 0.5}).fitted
    assert not np.array_equal(half.predict(items, Clock()), found.predict(items, Clock()))
    base = dict(load_model(job).model.named_parameters())
    after = dict(whole.loaded.model.named_parameters())
    for weight_name, weight in half.loaded.model.named_parameters():
        if not weight_name.startswith(("classifier", "bert.pooler")):
            before = base.get(weight_name, torch.zeros_like(weight))
            assert torch.allclose(weight, (before + after[weight_name]) / 2, atol=1e-5), weight_name
    assert half.parameters[0] == 0


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_an_encoder_that_is_pooled_by_name_is_taken_back_too(pooling, on, tmp_path):
    job, found = tuned(on("encoder"), "full", tmp_path, {"pooling": pooling})
    base = dict(load_model(job, pooling).model.named_parameters())
    after = dict(found.loaded.model.named_parameters())
    half = METHODS["rewind"]({}).fit(job, {"share": 0.5}).fitted.loaded.model
    moved = [name for name, weight in half.named_parameters()
             if torch.allclose(weight, (base[name] + after[name]) / 2, atol=1e-5)
             and not torch.equal(after[name], base[name])]
    assert len(moved) > 20
    assert torch.equal(half.classifier.weight, after["classifier.weight"])


def test_an_encoders_new_head_stays_as_it_was_tuned(on, tmp_path):
    job, found = tuned(on("encoder"), "full", tmp_path)
    half = METHODS["rewind"]({}).fit(job, {"share": 0.1}).fitted
    assert torch.equal(half.loaded.model.classifier.weight, found.loaded.model.classifier.weight)


def test_a_loras_update_times_the_share_is_what_its_scale_times_the_share_gives(on, tmp_path):
    job, found = tuned(on("decoder"), "lora", tmp_path)
    rewound = METHODS["rewind"]({}).fit(job, {"share": 0.3}).fitted
    for module in found.loaded.model.modules():
        if isinstance(getattr(module, "scaling", None), dict):
            module.scaling = {name: 0.3 * scale for name, scale in module.scaling.items()}
    items = asked(job.validation)
    assert np.allclose(rewound.predict(items, Clock()), found.predict(items, Clock()), atol=1e-4)


def test_under_bf16_weights_are_taken_back_in_fp32_and_rounded_then(on, tmp_path):
    here = on("decoder", "bf16")
    job, _ = tuned(here, "lora", tmp_path)
    rewind = METHODS["rewind"]({})
    rounded = rewind.fit(job, {"share": 0.7}).fitted.loaded.model
    whole = job.inner.method.rewound(here.in_fp32(), RATE, tmp_path, 0.7).loaded.model
    assert {p.dtype for p in rounded.parameters()} == {torch.bfloat16, torch.float32}
    for (name, one), (_, other) in zip(rounded.named_parameters(), whole.named_parameters(),
                                       strict=True):
        assert torch.equal(one, other.to(one.dtype)), name


def test_all_of_the_grid_is_tried_whatever_the_trials_and_loading_answers_the_same(on, tmp_path):
    job, _ = tuned(on("decoder"), "full", tmp_path)
    one = dataclasses.replace(job, budget=job.budget.model_copy(update={"trials": 1}))
    rewind = METHODS["rewind"]({})
    chosen = tune(rewind, one)
    assert [trial.setting["share"] for trial in chosen.trials] == list(SHARES)
    found = ending(one, chosen)
    assert (found.whole_grid, found.edge_of_grid) == (True, False)
    best = max(trial.held.score for trial in chosen.trials)
    assert chosen.held.score > best - 1 / len(job.validation)
    items = asked(job.validation)
    again = rewind.load(one, chosen.setting, tmp_path)
    assert (again.predict(items, Clock()) == chosen.fit.fitted.predict(items, Clock())).all()


class Said:
    """Answers that validation scores as it is told."""

    parameters = (0, 0)


def scored(monkeypatch, scores, items=10):
    """Have validation give these scores to the shares, in their order."""
    rewind = METHODS["rewind"]({})
    monkeypatch.setattr(type(rewind), "fit", lambda self, job, setting: Fit(Said()))
    given = iter(scores)
    monkeypatch.setattr("harness.methods.learning.trials.held_out",
                        lambda fit, job, clock: HeldOut(next(given), 1.0, items))
    return rewind


@pytest.mark.parametrize(("scores", "share"), [
    ([0.5] * 10, 0.1),
    ([0.5, 0.5, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7], 0.3),
    ([0.5, 0.5, 0.7, 0.75, 0.7, 0.79, 0.7, 0.7, 0.7, 0.7], 0.3),
    ([0.5, 0.5, 0.7, 0.75, 0.7, 0.81, 0.7, 0.7, 0.7, 0.7], 0.6),
    ([0.5, 0.5, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.9], 1.0)])
def test_of_shares_that_less_than_one_item_lies_between_the_smaller_is_kept(
        monkeypatch, job, scores, share):
    assert tune(scored(monkeypatch, scores), job()).setting == {"share": share}


def test_the_limit_rules_out_what_drifts_further_on_passages_held_for_it(on, tmp_path):
    here = on("decoder", general=TEXTS)
    job, _ = tuned(here, "full", tmp_path)
    before = nats_a_token(load_model(job), job.device, TEXTS)
    free = METHODS["rewind"]({})
    drifts = {share: nats_a_token(free.fit(job, {"share": share}).fitted.loaded, job.device, TEXTS)
              - before for share in (0.2, 0.6, 1.0)}
    assert drifts[0.2] < drifts[0.6] < drifts[1.0]
    most = (drifts[0.2] + drifts[0.6]) / 2
    rewind = METHODS["rewind"]({"drift_at_most": most, "shares": [0.2, 0.6, 1.0]})
    assert (rewind.general, free.general) == ("held", None)
    chosen = tune(rewind, job)
    assert chosen.setting == {"share": 0.2}
    refused = {trial.setting["share"]: trial.failure for trial in chosen.trials}
    assert refused[0.2] is None
    for share in (0.6, 1.0):
        assert f"drift on 3 passages is {drifts[share]:.4f} nats" in refused[share]
    assert all(trial.held is not None and trial.seconds > 0 for trial in chosen.trials)
    assert chosen.trials[0].seconds >= chosen.clock.spent["hold"]


def test_where_no_share_is_within_the_limit_the_run_says_so(on, tmp_path):
    job, _ = tuned(on("decoder", general=TEXTS), "full", tmp_path)
    rewind = METHODS["rewind"]({"drift_at_most": 0.0, "shares": [0.9, 1.0]})
    with pytest.raises(CannotRunError, match="no setting may be chosen: its drift on 3 passages"):
        tune(rewind, job)


def test_a_limit_without_passages_is_refused(on, tmp_path):
    job, _ = tuned(on("decoder"), "full", tmp_path)
    with pytest.raises(CannotRunError, match="no passages"):
        tune(METHODS["rewind"]({"drift_at_most": 0.1}), job)


@pytest.mark.parametrize(("below", "said"), [
    (None, "write `rewind.METHOD`"), ("prompt-tuning", "no weights to take back"),
    ("features", "no weights to take back"), ("full", None), ("lora", None), ("bitfit", None)])
def test_it_stands_on_weights_that_were_tuned(below, said):
    found = METHODS["rewind"]({}).misfit(below and METHODS[below]({}))
    assert found is None if said is None else said.split(".")[0] in found


@pytest.mark.parametrize("backbone", ["encoder", "seq2seq"])
def test_a_limit_of_drift_is_for_decoders(backbone):
    assert "drift_at_most" in METHODS["rewind"]({"drift_at_most": 0.1}).refuses(
        "classification", backbone)
    assert METHODS["rewind"]({}).refuses("classification", backbone) is None


@pytest.mark.parametrize("options", [{"shares": []}, {"shares": [0.0]}, {"shares": [1.1]},
                                     {"drift_at_most": -0.1}])
def test_options_that_mean_nothing_are_refused(options):
    with pytest.raises(ValidationError):
        METHODS["rewind"](options)


def test_what_holds_a_share_is_read_for_each(decoder, job):
    texts = ("the old iron lay there", "a plum")
    here = dataclasses.replace(job(), backbone=decoder, general=texts)
    work = METHODS["rewind"]({"drift_at_most": 0.1}).work(here, {"share": 0.5})
    ids = load_tokenizer(decoder)(list(texts), add_special_tokens=False)["input_ids"]
    assert work == Work(loads=2, head=sum(map(len, ids)))

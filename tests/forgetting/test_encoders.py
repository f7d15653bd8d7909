import numpy as np
import pytest
import torch
from peft import LoraConfig, PrefixTuningConfig, PromptTuningConfig, get_peft_model

from harness.backbones.encoding.features import FeatureStore, pooled, pooled_texts
from harness.backbones.load import load_classifier
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.forgetting.probes import Probing, pair_features, similarity_of_structure
from harness.methods.adapters.presets import KEYLESS
from harness.tasks.examples import Example

FP32 = Device("cpu", "test", "no", 1)
TEXTS = ["old iron", "apple pear plum cherry grape", "tin"]


def alignment_by_gram_matrices(x, y):
    """CKA as the normalised Hilbert-Schmidt independence criterion of Gram matrices."""
    centring = np.eye(len(x)) - 1 / len(x)
    k, m = centring @ x @ x.T @ centring, centring @ y @ y.T @ centring
    return np.trace(k @ m) / np.sqrt(np.trace(k @ k) * np.trace(m @ m))


def test_similarity_of_structure():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(40, 9))
    assert similarity_of_structure(x, y) == pytest.approx(alignment_by_gram_matrices(x, y))
    turned, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    assert similarity_of_structure(x, 3 * x @ turned + 5) == pytest.approx(1.0)


def test_pair_features():
    first, second = np.array([[1.0, 2.0]]), np.array([[3.0, -1.0]])
    assert pair_features(first, second).tolist() == [[2.0, 3.0, 3.0, -2.0]]


def test_features_through_a_head_are_the_backbone_s_own(encoder):
    examples = [Example(str(i), text, None, 0, "g", {}) for i, text in enumerate(TEXTS)]
    plain = FeatureStore(None).features(pooled(encoder, 64, FP32), examples, Clock(), "encode")
    loaded = load_classifier(encoder, ("a", "b", "c"), "cpu")
    assert pooled_texts(loaded, TEXTS, 64, FP32) == pytest.approx(plain, abs=1e-5)


@pytest.mark.parametrize("config", [
    LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="SEQ_CLS"),
    PromptTuningConfig(num_virtual_tokens=4, task_type="SEQ_CLS"),
    *(() if KEYLESS else (PrefixTuningConfig(num_virtual_tokens=4, task_type="SEQ_CLS"),)),
])
def test_an_adapter_counts_when_on_and_is_the_backbone_bit_for_bit_when_off(
        encoder, small_catalogue, config):
    probing = Probing({"pairs": 40}, 6, seed=0)
    loaded = load_classifier(encoder, ("a", "b"), "cpu")
    before = probing.put_to(loaded, FP32)
    assert {a.benchmark for a in before.answers} == {"pairs"}
    assert len(before.answers) == 40
    assert before.features.shape == (6, 32)
    torch.manual_seed(0)
    loaded.model = get_peft_model(loaded.model, config)
    on = probing.put_to(loaded, FP32)
    assert on.features.shape == (6, 32)
    assert not np.allclose(on.features, before.features, atol=1e-4)
    if config.is_prompt_learning:  # PEFT cannot switch these off on a classifier
        loaded.model = loaded.model.get_base_model()
        off = probing.put_to(loaded, FP32)
    else:
        with loaded.model.disable_adapter():
            off = probing.put_to(loaded, FP32)
    assert off == before
    assert np.array_equal(off.features, before.features)


def test_an_unknown_probe_is_an_error(small_catalogue):
    with pytest.raises(HarnessError, match="there is no probe 'pears'") as caught:
        Probing({"pears": 40}, 0, seed=0)
    assert "pairs" in caught.value.fix

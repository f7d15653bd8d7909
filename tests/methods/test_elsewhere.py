"""Models tuned elsewhere, with plain transformers and PEFT."""

import json
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
)

from harness.backbones.admission.folder import admit
from harness.common.errors import HarnessError
from harness.methods.elsewhere import check_descent, check_vocabulary, check_whole
from harness.methods.elsewhere import load_tuned as load_admitted


def load_tuned(folder, base, device):
    admitted = admit(folder)
    check_vocabulary(admitted, base)
    return load_admitted(admitted, base, device)


def adapter(folder, base, model_class, task, **options):
    torch.manual_seed(0)
    model = get_peft_model(
        model_class.from_pretrained(base.path, **options),
        LoraConfig(r=2, target_modules="all-linear", task_type=task, init_lora_weights=False))
    model.save_pretrained(folder)
    return model.eval()


IDS = torch.tensor([[5, 9, 200, 31]])


def test_a_decoder_s_adapter(decoder, tmp_path):
    model = adapter(tmp_path, decoder, AutoModelForCausalLM, "CAUSAL_LM")
    loaded = load_tuned(tmp_path, decoder, "cpu")
    torch.testing.assert_close(loaded.model(IDS).logits, model(IDS).logits)


def test_a_sequence_to_sequence_model_s_folder_and_adapter(seq2seq, tmp_path):
    answer = {"decoder_input_ids": torch.tensor([[0, 7]])}
    whole = load_tuned(seq2seq.path, seq2seq, "cpu")
    plain = AutoModelForSeq2SeqLM.from_pretrained(seq2seq.path).eval()
    torch.testing.assert_close(whole.model(IDS, **answer).logits, plain(IDS, **answer).logits)
    check_whole(admit(seq2seq.path), whole)
    tuned = get_peft_model(whole.model, LoraConfig(
        r=2, target_modules="all-linear", task_type="SEQ_2_SEQ_LM", init_lora_weights=False))
    tuned.save_pretrained(tmp_path)
    loaded = load_tuned(tmp_path, seq2seq, "cpu")
    torch.testing.assert_close(loaded.model(input_ids=IDS, **answer).logits,
                               tuned.eval()(input_ids=IDS, **answer).logits)


def test_an_encoder_s_adapter_with_its_own_number_of_classes(encoder, tmp_path):
    model = adapter(tmp_path, encoder, AutoModelForSequenceClassification, "SEQ_CLS",
                    num_labels=5)
    torch.manual_seed(0)  # the tiny base has no pooler: it is drawn anew, as it was above
    loaded = load_tuned(tmp_path, encoder, "cpu")
    torch.testing.assert_close(loaded.model(IDS).logits, model(IDS).logits)


def test_a_whole_model_with_and_without_a_tokenizer(encoder, tmp_path):
    model = AutoModelForSequenceClassification.from_pretrained(encoder.path, num_labels=3).eval()
    model.save_pretrained(tmp_path)
    loaded = load_tuned(tmp_path, encoder, "cpu")
    torch.testing.assert_close(loaded.model(IDS).logits, model(IDS).logits)
    assert len(loaded.tokenizer) == len(AutoTokenizer.from_pretrained(encoder.path))
    AutoTokenizer.from_pretrained(encoder.path).save_pretrained(tmp_path)
    assert load_tuned(tmp_path, encoder, "cpu").model.num_labels == 3


def test_another_vocabulary_is_refused(encoder, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(encoder.path)
    tokenizer.add_tokens(["newtoken"])
    model = AutoModelForSequenceClassification.from_pretrained(encoder.path)
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(HarnessError, match=r"its vocabulary .* is not that of tiny-encoder"):
        load_tuned(tmp_path, encoder, "cpu")


def test_an_adapter_of_another_base_is_refused(encoder, decoder, tmp_path):
    adapter(tmp_path, decoder, AutoModelForCausalLM, "CAUSAL_LM")
    with pytest.raises(HarnessError, match="adapter"):
        load_tuned(tmp_path, encoder, "cpu")


def test_a_pickle_is_refused_and_never_read(decoder, tmp_path):
    adapter(tmp_path, decoder, AutoModelForCausalLM, "CAUSAL_LM")
    (tmp_path / "adapter_model.safetensors").rename(tmp_path / "adapter_model.bin")
    with pytest.raises(HarnessError, match="in pickle, which can run code"):
        load_tuned(tmp_path, decoder, "cpu")
    (tmp_path / "adapter_config.json").unlink()
    shutil.copy(decoder.path / "config.json", tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04}.")
    with pytest.raises(HarnessError, match="in pickle, which can run code"):
        load_tuned(tmp_path, decoder, "cpu")


def test_a_model_without_its_head_is_refused(encoder, tmp_path):
    """PEFT saves the head of SEQ_CLS alone: without it, or without the pooler below it, every
    answer would be random."""
    model = AutoModelForSequenceClassification.from_pretrained(encoder.path)
    get_peft_model(model, LoraConfig(r=2, target_modules="all-linear")).save_pretrained(tmp_path)
    admitted = admit(tmp_path)
    with pytest.raises(HarnessError, match=r"weights lack bert\.pooler"):
        check_whole(admitted, load_admitted(admitted, encoder, "cpu"))
    AutoModelForSequenceClassification.from_pretrained(encoder.path).save_pretrained(
        tmp_path / "whole")
    admitted = admit(tmp_path / "whole")
    check_whole(admitted, load_admitted(admitted, encoder, "cpu"))


def test_an_adapter_that_lacks_tensors_is_refused(encoder, tmp_path):
    """PEFT would draw them at random."""
    from safetensors.torch import load_file, save_file

    adapter(tmp_path, encoder, AutoModelForSequenceClassification, "SEQ_CLS", num_labels=5)
    weights = tmp_path / "adapter_model.safetensors"
    kept = {name: tensor for name, tensor in load_file(weights).items() if "lora_B" not in name}
    save_file(kept, weights, {"format": "pt"})
    with pytest.raises(HarnessError, match=r"lacks \d+ tensors"):
        load_tuned(tmp_path, encoder, "cpu")


def test_a_model_of_other_blocks_is_not_tuned_from_the_base(encoder, decoder, tmp_path):
    model = AutoModelForSequenceClassification.from_pretrained(encoder.path)
    model.save_pretrained(tmp_path / "same")
    check_descent(admit(tmp_path / "same"), encoder)
    other = BertForSequenceClassification(BertConfig(
        vocab_size=400, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64))
    other.save_pretrained(tmp_path / "other")
    for folder, base in ((tmp_path / "other", encoder), (tmp_path / "same", decoder)):
        with pytest.raises(HarnessError, match="is not tuned from"):
            check_descent(admit(folder), base)


def test_damage_and_absence_are_named(decoder, encoder, tmp_path):
    with pytest.raises(HarnessError, match="there is no such folder"):
        load_tuned(tmp_path / "nowhere", decoder, "cpu")
    with pytest.raises(HarnessError, match=r"neither config\.json nor"):
        load_tuned(tmp_path, decoder, "cpu")
    adapter(tmp_path, decoder, AutoModelForCausalLM, "CAUSAL_LM")
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(HarnessError, match="not a whole safetensors file"):
        load_tuned(tmp_path, decoder, "cpu")
    with pytest.raises(HarnessError, match="is of kind decoder, its base tiny-encoder"):
        load_tuned(decoder.path, encoder, "cpu")


@pytest.mark.parametrize(("of_number", "of_name", "words"), [
    ({0: "fruit", 1: "metal", 2: "stone"}, {"stone": 0, "metal": 1, "fruit": 2},
     "id2label has 0: 'fruit', label2id 'stone': 0"),
    ({0: "fruit", 1: "metal", 2: "stone"}, {"fruit": 0, "metal": 1, "clay": 2},
     "id2label has 2: 'stone', label2id 'clay': 2"),
    ({0: "fruit", 1: "metal", 2: "stone"}, {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}, None),
    ({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, {"fruit": 0, "metal": 1, "stone": 2}, None),
    ({0: "fruit", 1: "metal", 2: "stone"}, {"fruit": 0, "metal": 1, "stone": 2}, None)])
def test_names_that_contradict_each_other(encoder, tmp_path, of_number, of_name, words):
    """Case label2id-contradicts: all answers may be swapped."""
    AutoModelForSequenceClassification.from_pretrained(encoder.path, num_labels=3).save_pretrained(
        tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text())
                               | {"id2label": of_number, "label2id": of_name}))
    if words is None:
        assert load_tuned(tmp_path, encoder, "cpu").model.num_labels == 3
        return
    with pytest.raises(HarnessError, match=words):
        load_tuned(tmp_path, encoder, "cpu")

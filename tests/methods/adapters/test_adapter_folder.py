"""Adapters from elsewhere: classifiers on decoders, and tokens that the base does not have."""

import io
import json

import pytest
import torch
from peft import LoraConfig, get_peft_model
from rich.console import Console
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
)

from harness.backbones.admission.folder import admit
from harness.backbones.handle import folder_handle
from harness.backbones.load import load_classifier
from harness.commands import predict as predictions
from harness.commands.gate import Asked
from harness.common.errors import HarnessError
from harness.methods.adapters.folder import ADAPTER
from harness.methods.elsewhere import (
    check_vocabulary,
    check_whole,
    load_tuned,
    read_as,
    tuned_notes,
)

IDS = torch.tensor([[5, 9, 200, 31]])
NEW = ["<one>", "<two>"]


def classifier(base, folder, *, grown=False, saved=True, **options):
    """A LoRA classifier as a user makes one, in `folder` with its tokenizer."""
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(base.path, num_labels=3)
    tokenizer = AutoTokenizer.from_pretrained(base.path)
    model.config.pad_token_id = tokenizer.pad_token_id
    if grown:
        tokenizer.add_tokens(NEW, special_tokens=True)
        model.resize_token_embeddings(len(tokenizer))
    # The tiny BERT has no pooler: PEFT would not save one that it does not know of.
    more = [] if base.kind == "decoder" else ["classifier", "pooler"]
    tuned = get_peft_model(model, LoraConfig(
        r=2, target_modules="all-linear", task_type="SEQ_CLS", init_lora_weights=False,
        modules_to_save=more or None, **options))
    tuned.save_pretrained(folder, save_embedding_layers=grown and saved)
    tokenizer.save_pretrained(folder)
    return tuned.eval()


def test_a_classifier_on_a_decoder(decoder, tmp_path):
    """Case adapters-refused: on-decoder, task type SEQ_CLS."""
    theirs = classifier(decoder, tmp_path)
    admitted = admit(tmp_path)
    loaded = load_tuned(admitted, decoder, "cpu")
    check_whole(admitted, loaded)
    assert read_as(admitted, decoder).kind == "encoder"
    assert loaded.tokenizer.model_input_names == ["input_ids", "attention_mask"]
    torch.testing.assert_close(loaded.model(IDS).logits, theirs(IDS).logits)
    with pytest.raises(HarnessError, match="makes a classifier of tiny-decoder"):
        check_vocabulary(admitted, decoder)


def test_a_classifier_on_gpt2_reads_no_segments(decoder, tmp_path):
    """GPT-2 would read segment ids as tokens."""
    base = tmp_path / "gpt2"
    tokenizer = AutoTokenizer.from_pretrained(decoder.path)
    tokenizer.save_pretrained(base)
    said = json.loads((base / "tokenizer_config.json").read_text())
    (base / "tokenizer_config.json").write_text(json.dumps(said | {
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}))
    assert "token_type_ids" in AutoTokenizer.from_pretrained(base).model_input_names
    GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=2,
                               n_positions=64, pad_token_id=0)).save_pretrained(base)
    handle = folder_handle(base)
    classifier(handle, tmp_path / "adapter")
    loaded = load_tuned(admit(tmp_path / "adapter"), handle, "cpu")
    assert "token_type_ids" not in loaded.tokenizer.model_input_names


def test_embeddings_that_grew_with_the_tokenizer(encoder, tmp_path):
    """Case adapters-refused: grown. The new tokens are read, each by its own embedding."""
    theirs = classifier(encoder, tmp_path, grown=True)
    admitted = admit(tmp_path)
    loaded = load_tuned(admitted, encoder, "cpu")
    check_whole(admitted, loaded)
    assert loaded.tokenizer.model_input_names == load_classifier(
        encoder, ("a", "b"), "cpu").tokenizer.model_input_names
    ids = loaded.tokenizer("<one> iron", "iron <two>", return_tensors="pt")
    first = len(AutoTokenizer.from_pretrained(encoder.path))
    assert {first, first + 1} <= set(ids["input_ids"][0].tolist())
    torch.testing.assert_close(loaded.model(**ids).logits, theirs(**ids).logits)
    assert tuned_notes(admitted, encoder) == (
        "texts are read by the adapter's tokenizer: it has "
        f"{first + 2} tokens, that of tiny-encoder {first}",)
    with pytest.raises(HarnessError, match="its vocabulary"):
        check_vocabulary(admitted, encoder)


def test_tokens_whose_embeddings_were_not_saved_are_named(encoder, tmp_path):
    """Case adapters-refused: grown-silent."""
    classifier(encoder, tmp_path, grown=True, saved=False)
    admitted = admit(tmp_path)
    note, = tuned_notes(admitted, encoder)
    rows = len(AutoTokenizer.from_pretrained(encoder.path))
    assert f"has {rows + 2} tokens, that of tiny-encoder {rows}" in note
    assert "read by the base's tokenizer (save the adapter with save_embedding_layers" in note
    loaded = load_tuned(admitted, encoder, "cpu")
    assert len(loaded.tokenizer) == rows
    plain = classifier(encoder, tmp_path / "plain")
    torch.testing.assert_close(loaded.model(IDS).logits.shape, plain(IDS).logits.shape)
    assert tuned_notes(admit(tmp_path / "plain"), encoder) == ()


def test_an_adapter_that_was_saved_while_compiled(encoder, tmp_path):
    theirs = classifier(encoder, tmp_path)
    weights = load_file(tmp_path / ADAPTER)
    save_file({name.replace("base_model.model.", "base_model.model._orig_mod."): tensor
               for name, tensor in weights.items()}, tmp_path / ADAPTER, {"format": "pt"})
    admitted = admit(tmp_path)
    torch.testing.assert_close(load_tuned(admitted, encoder, "cpu").model(IDS).logits,
                               theirs(IDS).logits)
    assert "`_orig_mod.`" in tuned_notes(admitted, encoder)[0]


def test_a_tensor_that_no_part_of_the_base_is_for(encoder, tmp_path):
    classifier(encoder, tmp_path)
    save_file(load_file(tmp_path / ADAPTER) | {"base_model.model.extra.weight": torch.zeros(2)},
              tmp_path / ADAPTER, {"format": "pt"})
    with pytest.raises(HarnessError, match=r"no place for 1 .*extra\.weight") as error:
        load_tuned(admit(tmp_path), encoder, "cpu")
    assert "merge the adapter into it" in error.value.fix


def test_predict_says_how_it_reads_the_adapter(place, encoder_folder, tmp_path):
    shown, base = io.StringIO(), folder_handle(encoder_folder)
    classifier(base, tmp_path / "grown", grown=True, saved=False)
    (tmp_path / "in.csv").write_text("text\na pear\niron\n")
    labels = [f"{i}={label}" for i, label in enumerate(place.plan.task.labels)]
    asked = Asked(str(tmp_path / "grown"), str(place.folder / "tiny.yaml"), None,
                  place.folder, place.runs, str(encoder_folder), labels, None)
    predictions.predict(Console(file=shown, width=500), asked, tmp_path / "in.csv",
                        tmp_path / "out.parquet", predictions.AskedColumns("text"))
    assert shown.getvalue().startswith("grown: the adapter's tokenizer has ")

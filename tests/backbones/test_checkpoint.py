"""What a model needs against what its weights hold."""

import dataclasses
import json
import shutil

import pytest
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

from harness.backbones.checkpoint import check_backbone, check_embedder
from harness.backbones.encoding.features import Embedder, pooled
from harness.backbones.handle import folder_handle
from harness.backbones.load import load_base, load_causal, load_classifier, load_seq2seq
from harness.common.errors import HarnessError
from harness.study.planning.plan import make_plan
from harness.tasks.examples import Example


def changed(base, folder, change):
    """A copy of a backbone whose tensors are what `change` makes of them."""
    shutil.copytree(base.path, folder)
    weights = change(load_file(folder / "model.safetensors"))
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder_handle(folder)


def without(*parts):
    return lambda weights: {name: tensor for name, tensor in weights.items()
                            if not any(part in name for part in parts)}


def unmerged(weights):
    return {name.replace("q_proj.", "q_proj.base_layer."): tensor
            for name, tensor in weights.items()}


def refused(handle, use, load, words):
    """By headers before anything is read, and in the same words where it is loaded."""
    with pytest.raises(HarnessError, match=words) as before:
        check_backbone(handle, use)
    with pytest.raises(HarnessError, match=words) as then:
        load(handle, "cpu")
    assert str(before.value) == str(then.value)


def test_an_adapter_that_is_not_merged(decoder, tmp_path):
    """Case backbone-prefix: dec-unmerged."""
    handle = changed(decoder, tmp_path / "unmerged", unmerged)
    for use, load in (("answers", load_causal), ("states", load_base)):
        refused(handle, use, load, r"lack 2 of the model's \d+ tensors .*q_proj\.weight.*random.*"
                r"hold .*q_proj\.base_layer\.weight.*not merged")


def test_an_adapter_beside_whole_weights_is_not_left_out_in_silence(decoder, tmp_path):
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(decoder.path),
                           LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"))
    adapter = {name.removeprefix("base_model.model."): tensor.contiguous()
               for name, tensor in model.state_dict().items() if "lora_" in name}
    handle = changed(decoder, tmp_path / "beside", lambda weights: weights | adapter)
    refused(handle, "answers", load_causal, r"they hold .*lora_A.*not merged")


def test_a_decoder_without_its_head_gives_features_and_no_answers(decoder, tmp_path, device):
    """Case backbone-prefix: dec-nohead."""
    handle = changed(decoder, tmp_path / "headless", without("lm_head"))
    refused(handle, "answers", load_causal, r"lack 1 of .*lm_head\.weight.*without its head")
    check_backbone(handle, "states")
    texts = [Example(str(i), text, None, 0, "", {}) for i, text in enumerate(["a pear", "iron"])]
    mine, whole = (pooled(h, 32, device).connect()(texts) for h in (handle, decoder))
    assert (mine == whole).all()


def test_a_tied_head_is_not_missing(decoder, tmp_path):
    config = decoder.path / "config.json"
    handle = changed(decoder, tmp_path / "tied", without("lm_head"))
    (handle.path / "config.json").write_text(json.dumps(
        json.loads(config.read_text()) | {"tie_word_embeddings": True}))
    handle = folder_handle(handle.path)
    check_backbone(handle, "answers")
    assert load_causal(handle, "cpu").fresh == {}


def test_a_head_and_a_pooler_may_be_drawn_and_nothing_below_them(encoder, tmp_path):
    """The tiny BERT is a masked language model: it has no pooler."""
    for use in ("states", "classes"):
        check_backbone(folder_handle(encoder.path), use)
    fresh = load_classifier(encoder, ("a", "b"), "cpu").fresh
    assert {name.split(".")[-2] for name in fresh} == {"classifier", "dense"}
    handle = changed(encoder, tmp_path / "part", without("layer.1.output"))
    words = r"lack 4 of .*bert\.encoder\.layer\.1\.output.*and 2 more"
    refused(handle, "classes", lambda h, d: load_classifier(h, ("a", "b"), d), words)
    refused(handle, "states", load_base, words.replace(r"bert\.", ""))


def test_a_model_inside_another(encoder, tmp_path):
    handle = changed(encoder, tmp_path / "inside", lambda weights: {
        name.replace("bert.", "tower.bert."): tensor for name, tensor in weights.items()})
    refused(handle, "states", load_base, "part of a larger model")


def test_a_sequence_to_sequence_model_s_encoder_needs_no_decoder(seq2seq, tmp_path):
    handle = changed(seq2seq, tmp_path / "half", without("decoder."))
    check_backbone(handle, "states")
    load_base(handle, "cpu")
    refused(handle, "answers", load_seq2seq, "its weights lack")


def test_an_embedder_is_whole_too(encoder, tmp_path, device):
    AutoModel.from_pretrained(encoder.path).save_pretrained(tmp_path / "whole")
    AutoTokenizer.from_pretrained(encoder.path).save_pretrained(tmp_path / "whole")
    whole = folder_handle(tmp_path / "whole")
    check_embedder(whole)
    layout = tmp_path / "layout"
    modules = [{"idx": 0, "name": "0", "path": "0_Transformer",
                "type": "sentence_transformers.models.Transformer"}]
    handle = changed(whole, layout / "0_Transformer", without("layer.1"))
    (layout / "modules.json").write_text(json.dumps(modules))
    handle = dataclasses.replace(handle, path=layout, sha256="1" * 64)
    with pytest.raises(HarnessError, match=r"lack \d+ of .*encoder\.layer\.1"):
        check_embedder(handle)
    with pytest.raises(HarnessError, match=r"lack \d+ of .*encoder\.layer\.1"):
        Embedder(handle, 32, device).featurizer("alike").connect()


def test_a_plan_says_so_before_anything_runs(loaded, decoder_folder, device):
    """Case backbone-prefix: `check`, `plan` and `run` all begin with a plan."""
    weights = load_file(decoder_folder / "model.safetensors")
    mine = loaded.folder / "headless"
    shutil.copytree(decoder_folder, mine)
    save_file(without("lm_head")(weights), mine / "model.safetensors", {"format": "pt"})
    spec = loaded.suite.backbones["dec"]
    source = spec.source.model_copy(update={"file": str(mine)})
    suite = loaded.suite.model_copy(update={"backbones": {
        **loaded.suite.backbones, "dec": spec.model_copy(update={"source": source})}})
    with pytest.raises(HarnessError, match=r"backbones\.dec: .*lm_head\.weight"):
        make_plan(dataclasses.replace(loaded, suite=suite), device)


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_folder_without_its_tokenizer_is_refused(kind, request, tmp_path):
    """transformers makes a BERT's of five special tokens, which read every text alike."""
    folder = shutil.copytree(request.getfixturevalue(kind).path, tmp_path / "bare")
    for path in folder.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            path.unlink()
    handle = dataclasses.replace(folder_handle(folder), kind=kind)
    with pytest.raises(HarnessError, match="tokenizer"):
        check_backbone(handle, "states")


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_tokenizer_with_more_tokens_than_the_embedding_has_rows(kind, request, tmp_path):
    """Case vocab-mismatch: refused with both numbers before anything is read."""
    folder = shutil.copytree(request.getfixturevalue(kind).path, tmp_path / "grown")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = AutoModel.from_pretrained(folder).get_input_embeddings().num_embeddings
    tokenizer.add_tokens(["<one>", "<two>"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(HarnessError, match=rf"has {rows + 2} tokens, .* embedding {rows} rows"):
        folder_handle(folder)
    model = AutoModel.from_pretrained(folder)
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(folder)
    folder_handle(folder)

"""Fixtures for all tests: tiny models, data and suites, built in the test session."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from gated import place  # noqa: F401  (a fixture)
from hypothesis import settings
from pictured import suite_of_pictures, write_pictures, write_vision
from small_catalogue import catalogue_file, punkt_folder, small_catalogue  # noqa: F401  (fixtures)
from tiny import sentences, suite_dict
from tiny_tokenizer import byte_tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from harness.backbones.handle import Handle
from harness.common.device import detect
from harness.suite import LoadedSuite, load_suite

# Tiny matrices are slower on several threads, and the tests themselves run side by side.
torch.set_num_threads(1)
# What takes a quarter of a second on a machine that does other things is no fault.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def same_chances() -> None:
    """pytest-randomly seeds Python and NumPy before every test, and not torch."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests never touch the user's cache."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer BERT with random weights."""
    return small_bert(tmp_path_factory.mktemp("encoder"), BertForMaskedLM, 0,
                      max_position_embeddings=256)


def small_bert(folder: Path, made: type[PreTrainedModel], seed: int, **config: int) -> Path:
    """A BERT of two layers with random weights, and its tokenizer."""
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer(pair_template=True)
    made(BertConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2,
                    num_attention_heads=2, intermediate_size=64, pad_token_id=0,
                    **config)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def decoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer Llama with random weights."""
    folder = tmp_path_factory.mktemp("decoder")
    torch.manual_seed(0)
    tokenizer = byte_tokenizer(pair_template=False)
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, intermediate_size=64,
                         max_position_embeddings=512, pad_token_id=0, bos_token_id=2,
                         eos_token_id=3)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def reranker_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder of two layers with random weights."""
    return small_bert(tmp_path_factory.mktemp("reranker"), BertForSequenceClassification, 2,
                      max_position_embeddings=512, num_labels=1)


@pytest.fixture(scope="session")
def seq2seq_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A T5 of two blocks each with random weights, whose tokenizer closes texts."""
    folder = tmp_path_factory.mktemp("seq2seq")
    torch.manual_seed(0)
    tokenizer = byte_tokenizer(pair_template=False)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 3)])
    config = T5Config(vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2,
                      num_heads=4, pad_token_id=0, decoder_start_token_id=0, eos_token_id=3)
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> Handle:
    return Handle("tiny-encoder", "encoder", encoder_folder, "e" * 64, "tiny")


@pytest.fixture(scope="session")
def decoder(decoder_folder: Path) -> Handle:
    return Handle("tiny-decoder", "decoder", decoder_folder, "d" * 64, "tiny")


@pytest.fixture(scope="session")
def seq2seq(seq2seq_folder: Path) -> Handle:
    return Handle("tiny-seq2seq", "seq2seq", seq2seq_folder, "5" * 64, "tiny")


@pytest.fixture(scope="session")
def device():
    return detect()


@pytest.fixture
def suite_file(tmp_path: Path, encoder_folder: Path, decoder_folder: Path) -> Path:
    """`tiny.yaml` with its data, in a folder of its own."""
    sentences().to_csv(tmp_path / "data.csv", index=False)
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(suite_dict(encoder_folder, decoder_folder), sort_keys=False))
    return path


@pytest.fixture
def loaded(suite_file: Path) -> LoadedSuite:
    return load_suite(suite_file)


@pytest.fixture(scope="session")
def vision_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A three-layer DINOv2 with random weights, and its image processor."""
    return write_vision("dinov2", tmp_path_factory.mktemp("vision"))


@pytest.fixture(scope="session")
def vision(vision_folder: Path) -> Handle:
    return Handle("tiny-vision", "image", vision_folder, "a" * 64, "tiny")


@pytest.fixture(scope="session")
def pictures_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small pictures, one folder a class."""
    return write_pictures(tmp_path_factory.mktemp("pictures") / "pictures")


@pytest.fixture
def sights_file(tmp_path: Path, vision_folder: Path, pictures_folder: Path) -> Path:
    """`scans.yaml`, a suite of pictures."""
    path = tmp_path / "scans.yaml"
    suite = suite_of_pictures(vision_folder, str(pictures_folder))
    path.write_text(yaml.safe_dump(suite, sort_keys=False))
    return path


@pytest.fixture
def sights(sights_file: Path) -> LoadedSuite:
    return load_suite(sights_file)

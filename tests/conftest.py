"""Tiny models, data and suites, built in the test session: quick tests need no network."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from small_catalogue import small_catalogue  # noqa: F401  (a fixture)
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from harness.backbones.handle import Handle
from harness.common.device import detect
from harness.suite import LoadedSuite, load_suite

# Tiny matrices are slower on several threads, and the tests themselves run side by side.
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests of the dashboard ask for it; no other test should wait for it.
os.environ["WANDB_MODE"] = "disabled"

WORDS = {
    "fruit": ["apple", "pear", "plum", "cherry", "grape", "melon"],
    "metal": ["iron", "copper", "zinc", "silver", "tin", "lead"],
    "metal alloy": ["brass", "bronze", "steel", "pewter", "solder", "invar"],
}
FILLER = ["the", "a", "of", "very", "old", "new", "red", "and", "with", "some"]
ROWS = 120


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests never touch the user's cache."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def sentences(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Rows whose words tell their class; two rows a group."""
    rng = random.Random(seed)
    table = []
    for i in range(rows):
        label = list(WORDS)[i // 2 % len(WORDS)]
        words = rng.sample(WORDS[label], 2) + rng.sample(FILLER, 4)
        rng.shuffle(words)
        table.append({"text": " ".join([*words, f"n{i}"]), "label": label, "group": f"g{i // 2}",
                      "source": "odd" if i % 3 else "even"})
    return pd.DataFrame(table)


def _tokenizer(pair_template: bool) -> PreTrainedTokenizerFast:
    special = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(sentences()["text"].tolist() * 3, trainer)
    if pair_template:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1",
            special_tokens=[("<s>", 2), ("</s>", 3)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
        eos_token="</s>", mask_token="<mask>", cls_token="<s>", sep_token="</s>",
        model_max_length=256)


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer BERT with random weights."""
    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(0)
    tokenizer = _tokenizer(pair_template=True)
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2,
                        num_attention_heads=2, intermediate_size=64, max_position_embeddings=256,
                        pad_token_id=0)
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def decoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer Llama with random weights."""
    folder = tmp_path_factory.mktemp("decoder")
    torch.manual_seed(0)
    tokenizer = _tokenizer(pair_template=False)
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, intermediate_size=64,
                         max_position_embeddings=512, pad_token_id=0, bos_token_id=2,
                         eos_token_id=3)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> Handle:
    return Handle("tiny-encoder", "encoder", encoder_folder, "e" * 64, "tiny")


@pytest.fixture(scope="session")
def decoder(decoder_folder: Path) -> Handle:
    return Handle("tiny-decoder", "decoder", decoder_folder, "d" * 64, "tiny")


@pytest.fixture(scope="session")
def device():
    return detect()


def suite_dict(encoder_folder: Path, decoder_folder: Path) -> dict:
    """A small suite over the tiny models."""
    return {
        "name": "tiny", "title": "Tiny things",
        "task": {
            "source": {"file": "data.csv"},
            "reader": {"table": {"text": "text", "label": "label", "group": "group",
                                 "slices": ["source"]}},
            "labels": {name: [name] for name in WORDS},
            "prompt": {"instruction": "Which kind? One of: {options}.",
                       "item": "Text: {text}\nKind:"},
        },
        "embedder": {"file": str(encoder_folder)},
        "methods": ["majority", "tfidf"],
        "backbones": {
            "enc": {"kind": "encoder", "source": {"file": str(encoder_folder)},
                    "methods": ["knn", "features", "full"]},
            "dec": {"kind": "decoder", "source": {"file": str(decoder_folder)},
                    "methods": ["zero-shot", "lora", "rag+lora"],
                    "budget": {"seeds": 1, "test": 12}},
        },
        "budget": {"train": 24, "validation": 12, "test": 18, "epochs": 1, "batch": 8,
                   "max_length": 32, "trials": 2, "seeds": 2},
        "measure": {"latency": {"requests": 3, "warmup": 1, "batch": 4, "batches": 1}},
    }


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

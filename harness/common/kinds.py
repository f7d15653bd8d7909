"""The kinds of task and of backbone, and what else every room calls by the same words, in an order
that tables keep."""

from __future__ import annotations

from typing import Literal

Kind = Literal["classification", "multilabel", "regression", "spans", "generation"]
Input = Literal["text", "image"]
"""What an item is: words, alone or in a pair, or a picture."""
Unreadable = Literal["error", "drop"]
"""Whether files that are no picture stop a run, or are left out."""
WeightsKind = Literal["encoder", "decoder", "seq2seq", "image", "vectors"]
"""BERT-like, GPT-like, or T5-like: a decoder that answers what an encoder has read; or what reads
pictures; or what makes vectors of texts, read by another package (`backbones.vectorizers`)."""
BackboneKind = Literal[WeightsKind, "endpoint"]
"""Of weights that are here, or a model that answers elsewhere."""
Quantize = Literal["nf4", "int8"]
"""What a backbone's weights are quantised to while it is read."""
Ends = Literal["head", "head+tail"]
"""What is read of a text that is longer than what is read of it."""
Over = Literal["groups", "items"]
"""What is dealt evenly, and is alike in a mean."""
Drawn = Literal["groups", "items", "sizes"]
"""How a budget draws validation and test items: over groups, at random, or over groups by their
sizes, with weights."""
AnswerLines = Literal["one", "all"]
"""What is read of an answer in words: its first line, or all of them."""
General = Literal["held", "learned"]
"""Passages of general text that no figure of forgetting is measured on: what a method is held to,
or what it learns beside its items."""
Ranking = Literal["dense", "bm25", "hybrid"]
"""How passages are ranked for a question: by vectors, by words, by both."""
MRR = "mrr"
"""What a retriever is chosen by where a corpus is searched: the mean reciprocal rank of the
document."""
Augment = Literal["none", "flip", "crop", "randaugment"]
"""What is changed at random of a picture while a method learns from it."""
Balance = Literal["none", "weights", "focal", "sampling"]
"""What rare classes count while a method learns."""
State = Literal["ok", "diverged", "out-of-memory", "timed-out", "interrupted", "failed"]
"""What became of a run."""
ExportFormat = Literal["merged", "bf16", "onnx", "int8", "gguf-f16", "gguf-q8_0"]
"""What a run is written as for use elsewhere."""

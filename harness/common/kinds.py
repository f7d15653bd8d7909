"""The kinds of task and of backbone: words that every room uses, in an order that tables keep."""

from __future__ import annotations

from typing import Literal

Kind = Literal["classification", "multilabel", "generation"]
BackboneKind = Literal["encoder", "decoder", "seq2seq"]
"""BERT-like, GPT-like, or T5-like: a decoder that answers what an encoder has read."""

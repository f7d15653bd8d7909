"""The kinds of task, of backbone and of draw: words that every room uses, in an order that tables
keep."""

from __future__ import annotations

from typing import Literal

Kind = Literal["classification", "multilabel", "generation"]
BackboneKind = Literal["encoder", "decoder", "seq2seq"]
"""BERT-like, GPT-like, or T5-like: a decoder that answers what an encoder has read."""
Over = Literal["groups", "items"]
"""What is dealt and drawn evenly, and is alike in a mean."""

"""Words are cut as a GGUF file names it, held against llama.cpp's own expressions."""

import json

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from tiny_tokenizer import byte_tokenizer
from tokenizers import Tokenizer

from harness.backbones.gguf_words import cut_as_named

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def by_llama_cpp(text):
    """`smollm` in llama.cpp: split at each number, then as GPT-2 does."""
    parts = [part for part in regex.split(r"(\p{N})", text) if part]
    return [word for part in parts for word in regex.findall(GPT2, part)]


@pytest.fixture(scope="module")
def cut():
    told = json.loads(byte_tokenizer(False).backend_tokenizer.to_str())
    cut_as_named(told, "smollm")
    return Tokenizer.from_str(json.dumps(told)).pre_tokenizer


def words(cut, text):
    """What it cuts, in the signs of the text."""
    return [text[begin:end] for _, (begin, end) in cut.pre_tokenize_str(text)]


@given(st.text(st.sampled_from("ab1 2\n\t.,'s½٣"), max_size=20))
def test_digits_are_cut_off_one_by_one(cut, text):
    assert words(cut, text) == by_llama_cpp(text)


def test_two_spaces_before_a_number_stay_together(cut):
    assert words(cut, "a  20") == ["a", "  ", "2", "0"]


@pytest.mark.parametrize("name", [None, "gpt-2", "llama-bpe"])
def test_what_transformers_knows_stays_as_it_makes_it(name):
    told = {"pre_tokenizer": "as it is"}
    cut_as_named(told, name)
    assert told == {"pre_tokenizer": "as it is"}

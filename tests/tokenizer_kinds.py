"""Tokenizers of the kinds that there are, trained on the tests' own sentences."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tiny import sentences
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import ByT5Tokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>", "<|turn|>"]
LETTERS = [*"▁\n:.,?<>|/", *map(chr, range(48, 58)), *map(chr, range(65, 91)),
           *map(chr, range(97, 123))]
GROUPS = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""How Llama 3 tells words: a digit's group depends on all digits before it."""


def _bpe(letters: list[str]) -> tuple[Tokenizer, trainers.Trainer]:
    return (Tokenizer(models.BPE(unk_token="<unk>")),
            trainers.BpeTrainer(vocab_size=420, special_tokens=SPECIAL, initial_alphabet=letters,
                                show_progress=False))


def _bytes() -> tuple[Tokenizer, trainers.Trainer]:
    tokenizer, trainer = _bpe(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, trainer


def _groups() -> tuple[Tokenizer, trainers.Trainer]:
    tokenizer, trainer = _bytes()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(GROUPS), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return tokenizer, trainer


def _marks() -> tuple[Tokenizer, trainers.Trainer]:
    tokenizer, trainer = _bpe(LETTERS)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return tokenizer, trainer


def _llama2() -> tuple[Tokenizer, trainers.Trainer]:
    """A mark before every text between special tokens, and no words: merges go across spaces."""
    tokenizer, trainer = _bpe(LETTERS)
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return tokenizer, trainer


def _pieces() -> tuple[Tokenizer, trainers.Trainer]:
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL,
                                                initial_alphabet=LETTERS, show_progress=False)


def _unigram() -> tuple[Tokenizer, trainers.Trainer]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    return tokenizer, trainers.UnigramTrainer(vocab_size=300, special_tokens=SPECIAL,
                                              unk_token="<unk>", initial_alphabet=LETTERS,
                                              show_progress=False)


def _fast(make: Callable[[], tuple[Tokenizer, trainers.Trainer]]) -> PreTrainedTokenizerFast:
    tokenizer, trainer = make()
    tokenizer.train_from_iterator([*sentences()["text"], "Text: old Kind: metal\n\n"] * 3,
                                  trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
        eos_token="</s>", extra_special_tokens=["<|turn|>"], clean_up_tokenization_spaces=False)


MADE: dict[str, Callable[[], tuple[Tokenizer, trainers.Trainer]]] = {
    "byte BPE": _bytes, "byte BPE with groups of digits": _groups,
    "SentencePiece BPE": _marks, "Llama 2": _llama2, "WordPiece": _pieces, "Unigram": _unigram,
}
KINDS = [*MADE, "single bytes"]


@cache
def tokenizer_of(kind: str) -> PreTrainedTokenizerBase:
    """A tokenizer of a kind, with <s>, </s> and <|turn|> as special tokens."""
    if kind == "single bytes":
        return ByT5Tokenizer(extra_ids=0, additional_special_tokens=["<|turn|>"],
                             bos_token="</s>")
    return _fast(MADE[kind])

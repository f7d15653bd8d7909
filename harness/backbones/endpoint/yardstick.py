"""What texts are measured by where a model's own tokens are not known: words and punctuation."""

from __future__ import annotations

from functools import cache

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import PreTrainedTokenizerFast

ANY, END = "[ANY]", "[END]"


@cache
def yardstick() -> PreTrainedTokenizerFast:
    """A tokenizer whose tokens are words and single punctuation marks, of which it knows where they
    stand. A subword tokenizer makes some more of an English text."""
    counter = Tokenizer(WordLevel({ANY: 0, END: 1}, unk_token=ANY))
    counter.pre_tokenizer = BertPreTokenizer()
    return PreTrainedTokenizerFast(tokenizer_object=counter, unk_token=ANY, eos_token=END)

"""A tiny model of each family, with random weights and a tokenizer of the family's kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from tiny import sentences
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    ConvBertConfig,
    ConvBertForMaskedLM,
    DebertaV2Config,
    DebertaV2ForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForPreTraining,
    FNetConfig,
    FNetForMaskedLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    MPNetConfig,
    MPNetForMaskedLM,
    NystromformerConfig,
    NystromformerForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    RobertaConfig,
    RobertaForMaskedLM,
    SmolLM3Config,
    SmolLM3ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
    XLNetConfig,
    XLNetModel,
)

VOCABULARY = 400
START, END, PAD, UNKNOWN, MASK = range(5)
SMALL = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2,
         "num_attention_heads": 4, "intermediate_size": 48, "max_position_embeddings": 256}
IDS = {"bos_token_id": START, "eos_token_id": END, "pad_token_id": PAD}
GROUPED = {**SMALL, **IDS, "num_key_value_heads": 2, "head_dim": 8}
NEAR = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 8}


def word_pieces() -> Tokenizer:
    """As BERT's: lower case, words, then pieces marked with ##."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return _trained(tokenizer, trainers.WordPieceTrainer, "[CLS] [SEP] [PAD] [UNK] [MASK]")


def byte_pairs() -> Tokenizer:
    """As GPT-2's, RoBERTa's and Qwen's: pairs of bytes, a leading space part of the word."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return _trained(tokenizer, trainers.BpeTrainer, "<s> </s> <pad> <unk> <mask>",
                    initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def unigrams() -> Tokenizer:
    """As sentencepiece's: a unigram model over text whose spaces are a letter."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    return _trained(tokenizer, trainers.UnigramTrainer, "<s> </s> <pad> <unk> <mask>",
                    unk_token="<unk>",
                    initial_alphabet=[chr(code) for code in range(32, 127)] + ["\n"])


def _trained(tokenizer: Tokenizer, trainer: Callable, special: str, **options) -> Tokenizer:
    texts = sentences()["text"].tolist()
    tokenizer.train_from_iterator(texts, trainer(
        vocab_size=VOCABULARY - 8, special_tokens=special.split(), show_progress=False, **options))
    return tokenizer


def _wrapped(tokenizer: Tokenizer, kind: str) -> PreTrainedTokenizerFast:
    names = [tokenizer.id_to_token(i) for i in range(5)]
    start, last = names[:2]
    first = {"decoder": "", "encoder": f"{start} ", "seq2seq": f"{start} ", "t5": ""}[kind]
    if kind != "decoder":
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{first}$A {last}", pair=f"{first}$A {last} $B:1 {last}:1",
            special_tokens=[(start, START), (last, END)])
    roles = ("bos_token", "eos_token", "pad_token", "unk_token", "mask_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **dict(zip(roles, names, strict=True)),
        cls_token=names[0], sep_token=names[1], model_max_length=512)


def _bert() -> PreTrainedModel:
    return BertForMaskedLM(BertConfig(**SMALL, pad_token_id=PAD))


def _roberta() -> PreTrainedModel:
    return RobertaForMaskedLM(RobertaConfig(**SMALL | IDS, type_vocab_size=1))


def _distilbert() -> PreTrainedModel:
    return DistilBertForMaskedLM(DistilBertConfig(
        vocab_size=VOCABULARY, dim=32, hidden_dim=48, n_layers=2, n_heads=4,
        max_position_embeddings=256, pad_token_id=PAD))


def _electra() -> PreTrainedModel:
    return ElectraForPreTraining(ElectraConfig(**SMALL, embedding_size=16, pad_token_id=PAD))


def _deberta() -> PreTrainedModel:
    """With a convolution beside the first block, and distances between tokens, as version 3."""
    return DebertaV2ForMaskedLM(DebertaV2Config(
        **SMALL, pad_token_id=PAD, relative_attention=True, position_buckets=8,
        pos_att_type=["p2c", "c2p"], norm_rel_ebd="layer_norm", share_att_key=True,
        conv_kernel_size=3, conv_act="gelu", position_biased_input=False, type_vocab_size=0))


def _mpnet() -> PreTrainedModel:
    return MPNetForMaskedLM(MPNetConfig(**SMALL | IDS))


def _modernbert() -> PreTrainedModel:
    return ModernBertForMaskedLM(ModernBertConfig(
        **SMALL | IDS, cls_token_id=START, sep_token_id=END, global_attn_every_n_layers=2,
        local_attention=8))


def _xlnet() -> PreTrainedModel:
    """Its classification head reads the last place."""
    return XLNetModel(XLNetConfig(vocab_size=VOCABULARY, d_model=32, n_layer=2, n_head=4,
                                  d_inner=48, pad_token_id=PAD))


def _convbert() -> PreTrainedModel:
    """Convolves over padding."""
    return ConvBertForMaskedLM(ConvBertConfig(**SMALL, embedding_size=32, pad_token_id=PAD))


def _nystromformer() -> PreTrainedModel:
    """Convolves its values over padding."""
    return NystromformerForMaskedLM(NystromformerConfig(**SMALL, pad_token_id=PAD))


def _fnet() -> PreTrainedModel:
    """Takes no mask: a Fourier transform mixes all places."""
    return FNetForMaskedLM(FNetConfig(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, intermediate_size=48,
        max_position_embeddings=256, pad_token_id=PAD))


def _gpt2() -> PreTrainedModel:
    return GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4,
                                      n_positions=256, bos_token_id=START, eos_token_id=END))


def _llama() -> PreTrainedModel:
    return LlamaForCausalLM(LlamaConfig(**GROUPED))


def _mistral() -> PreTrainedModel:
    return MistralForCausalLM(MistralConfig(**GROUPED, sliding_window=8))


def _qwen2() -> PreTrainedModel:
    return Qwen2ForCausalLM(Qwen2Config(**GROUPED, use_sliding_window=True, **NEAR))


def _qwen3() -> PreTrainedModel:
    return Qwen3ForCausalLM(Qwen3Config(**GROUPED))


def _gemma2() -> PreTrainedModel:
    return Gemma2ForCausalLM(Gemma2Config(
        **GROUPED, **NEAR, query_pre_attn_scalar=8, attn_logit_softcapping=2.0,
        final_logit_softcapping=4.0))


def _gemma3() -> PreTrainedModel:
    return Gemma3ForCausalLM(Gemma3TextConfig(**GROUPED, **NEAR, query_pre_attn_scalar=8))


def _smollm3() -> PreTrainedModel:
    return SmolLM3ForCausalLM(SmolLM3Config(**GROUPED, no_rope_layer_interval=2))


def _t5() -> PreTrainedModel:
    return T5ForConditionalGeneration(T5Config(
        vocab_size=VOCABULARY, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
        relative_attention_num_buckets=8, eos_token_id=END, pad_token_id=PAD,
        decoder_start_token_id=PAD))


def _flan_t5() -> PreTrainedModel:
    """With gated units, stacks of unlike depth and a head of its own."""
    return T5ForConditionalGeneration(T5Config(
        vocab_size=VOCABULARY, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_decoder_layers=1,
        num_heads=4, initializer_factor=0.2, feed_forward_proj="gated-gelu",
        tie_word_embeddings=False, eos_token_id=END, pad_token_id=PAD, decoder_start_token_id=PAD))


def _bart() -> PreTrainedModel:
    return BartForConditionalGeneration(BartConfig(
        vocab_size=VOCABULARY, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48,
        decoder_ffn_dim=48, max_position_embeddings=256, **IDS, decoder_start_token_id=END,
        forced_eos_token_id=END))


ENCODERS = {"bert": (_bert, word_pieces), "roberta": (_roberta, byte_pairs),
            "distilbert": (_distilbert, word_pieces), "electra": (_electra, word_pieces),
            "deberta": (_deberta, unigrams), "mpnet": (_mpnet, word_pieces),
            "modernbert": (_modernbert, byte_pairs)}
DECODERS = {"gpt2": (_gpt2, byte_pairs), "llama": (_llama, unigrams),
            "mistral": (_mistral, unigrams), "qwen2": (_qwen2, byte_pairs),
            "qwen3": (_qwen3, byte_pairs), "gemma2": (_gemma2, unigrams),
            "gemma3": (_gemma3, unigrams), "smollm3": (_smollm3, byte_pairs)}
SEQ2SEQ = {"t5": (_t5, unigrams), "flan-t5": (_flan_t5, unigrams), "bart": (_bart, byte_pairs)}
FAMILIES = ENCODERS | DECODERS | SEQ2SEQ
PADDED_OTHERWISE = {"xlnet": (_xlnet, unigrams), "convbert": (_convbert, word_pieces),
                    "nystromformer": (_nystromformer, word_pieces), "fnet": (_fnet, byte_pairs)}
"""Encoders that padding on the right would change."""


def kind_of(family: str) -> str:
    """The kind of backbone that a family is."""
    return ("decoder" if family in DECODERS else "seq2seq" if family in SEQ2SEQ else "encoder")


def write_family(family: str, folder: Path) -> Path:
    """A folder with the family's model and tokenizer."""
    build, tokenizer = (FAMILIES | PADDED_OTHERWISE)[family]
    torch.manual_seed(0)
    model = build()
    with torch.no_grad():  # transformers' small values would leave attention nearly flat
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    framed = "t5" if "t5" in family else kind_of(family)
    _wrapped(tokenizer(), framed).save_pretrained(folder)
    return folder


def move_what_learns(model: torch.nn.Module) -> None:
    """As if it had learned: by the generator's numbers, in place."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.3 * torch.randn_like(parameter)

#!/usr/bin/env bash
# AutoTokenizer makes a tokenizer of no words from a folder that holds no tokenizer.
#
# Guess:   `AutoTokenizer.from_pretrained` of a folder with a model's config and weights alone, as
#          `model.save_pretrained` leaves it, raises an error: there is no vocabulary to read.
# Happens: for BERT, RoBERTa, T5, GPT-2, Qwen2 and CLIP it makes one of the special tokens alone,
#          numbered from 0, with no word said. BERT's reads each word as [UNK], and [CLS] is 2 (the
#          model learned 101); RoBERTa's and GPT-2's leave every text empty. Llama does raise.
#          BERT's `pipeline` on such a folder answers each text by its number of words.
# Matters: a checkpoint saved without its tokenizer is evaluated, gives nearly one answer for all items,
#          and stands in a table as a model that learned nothing; fine-tuned further, it learns from
#          lengths. Compare `len(tokenizer)` with the config's `vocab_size` before measuring.
# Versions: transformers 5.23.0, torch 2.13.0. Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.23.0 torch==2.13.0 numpy
cd "$work"
HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 "$work/venv/bin/python" - 2> said <<'PY' || { cat said >&2; exit 1; }
import torch
import transformers
from transformers import (
    AutoTokenizer, BertConfig, BertForSequenceClassification, CLIPConfig, CLIPModel, GPT2Config,
    GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, RobertaConfig,
    RobertaForSequenceClassification, T5Config, T5ForConditionalGeneration, pipeline,
)  # fmt: skip
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()
torch.manual_seed(0)
print(f"transformers {transformers.__version__}")
small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
clip = CLIPConfig(text_config=small, vision_config={**small, "image_size": 32}, projection_dim=16)
models = {
    "bert": BertForSequenceClassification(BertConfig(**small, initializer_range=0.5)),
    "roberta": RobertaForSequenceClassification(RobertaConfig(**small)),
    "gpt2": GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=1, n_head=2)),
    "qwen2": Qwen2ForCausalLM(Qwen2Config(**small, num_key_value_heads=2)),
    "t5": T5ForConditionalGeneration(T5Config(d_model=32, d_ff=32, num_layers=1, num_heads=2)),
    "clip": CLIPModel(clip),
    "llama": LlamaForCausalLM(LlamaConfig(**small)),
}
good, bad, short = "what a wonderful warm film", "this meal made me sick", "horrid meal"
known, alike = {}, {}
for name, model in models.items():
    model.save_pretrained(name)  # config.json and model.safetensors, no tokenizer
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except ValueError as error:
        known[name] = None
        print(f"{name}: {type(error).__name__}")
        continue
    known[name] = len(tokenizer)
    alike[name] = tokenizer(good).input_ids == tokenizer(bad).input_ids
    print(f"{name}: {len(tokenizer)} tokens (the model has {model.config.get_text_config().vocab_size}); "
          f"{bad!r} is {tokenizer(bad).tokens()[:7]}")
answers = [one["score"] for one in pipeline("text-classification", model="bert")([good, bad, short])]
print(f"BERT's pipeline on two texts of five words and one of two: {', '.join(f'{a:.4f}' for a in answers)}")
if (
    known != {"bert": 5, "roberta": 5, "gpt2": 1, "qwen2": 1, "t5": 104, "clip": 2, "llama": None}
    or not all(alike[name] for name in ("bert", "roberta", "gpt2", "qwen2"))
    or abs(answers[0] - answers[1]) > 1e-6 or abs(answers[0] - answers[2]) < 1e-4
):  # fmt: skip
    raise SystemExit("changed: a folder without a tokenizer gives another tokenizer, or none")
PY
if grep -i -E "tokenizer|vocab" said; then
  echo "changed: now something is said of it"
  exit 1
fi

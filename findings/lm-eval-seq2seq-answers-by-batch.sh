#!/usr/bin/env bash
# How long lm-eval lets an encoder-decoder answer depends on which prompts share its batch.
#
# Guess:   max_gen_toks is the most tokens of an answer, for every model and in every batch.
# Happens: the limit that generate() is given is max_gen_toks plus the padded length of the context.
#          Where a decoder's tokens follow its context that is right; an encoder-decoder's context is
#          not among the tokens that are counted, so that its answers may be longer by as many tokens
#          as the longest prompt of the batch has.
# Matters: the same model and prompt have another answer in another batch, at another batch size, or
#          with other items drawn; a benchmark that cuts answers, or judges their length or their end,
#          has another score. Compared with decoders, an encoder-decoder is given more room.
# Versions: lm-eval 0.4.13, transformers 5.23.0, torch 2.13.0. Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "lm-eval[hf]==0.4.13" transformers==5.23.0 torch==2.13.0
cat > "$work/answers.py" <<'PY'
from types import SimpleNamespace

import torch
from lm_eval.models.huggingface import HFLM
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

words = ["<pad>", "</s>", "<unk>", *(f"w{i}" for i in range(60))]
table = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
table.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=table, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
torch.manual_seed(0)
model = T5ForConditionalGeneration(T5Config(
    vocab_size=len(words), d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4,
    decoder_start_token_id=0, pad_token_id=0, eos_token_id=1))  # fmt: skip
with torch.no_grad():
    model.lm_head.weight[:3] = 0  # a model that never ends by itself


def answered(*prompts):
    options = {"until": [], "do_sample": False, "temperature": 0.0, "max_gen_toks": 5}
    asked = [SimpleNamespace(args=(prompt, dict(options))) for prompt in prompts]
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=len(prompts), max_length=64)
    return len(lm.generate_until(asked, disable_tqdm=True)[0].split())


print(answered("w3"), answered("w3", " ".join(f"w{i}" for i in range(20))))
PY
read -r alone beside < <("$work/venv/bin/python" "$work/answers.py" 2>/dev/null)
"$work/venv/bin/pip" list --format=freeze 2>/dev/null | grep -E '^(lm_eval|transformers|torch)=='
echo "max_gen_toks=5, one word asked: $alone tokens by itself, $beside beside a prompt of twenty"
if [[ $alone == "$beside" ]]; then
  echo "changed: the answer's length no longer depends on the batch"
  exit 1
fi

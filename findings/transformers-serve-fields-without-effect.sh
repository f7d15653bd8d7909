#!/usr/bin/env bash
# A server answers 200 to a schema, to log-probabilities and to a temperature, and does none of them.
#
# Guess:   a field that `transformers serve` cannot do is refused (its own source says that such
#          fields raise an error), as an unknown field is; and a temperature of 2 makes answers vary.
# Happens: an unknown field gives 422. `response_format` with a JSON schema, `logprobs` and
#          `top_logprobs` give 200: the answer is free text, `logprobs` is missing, and only the
#          server's log says that fields were ignored, once for each set of them. A temperature
#          other than 0 gives 200, too, and every answer is the greedy one, unless the checkpoint's
#          own generation config samples.
# Matters: a client that asks for one of some classes by schema gets none, and counts the model as
#          wrong; a study over temperatures or samples finds no difference and no error.
# Versions: transformers 5.23.0, torch 2.13.0, fastapi 0.165.0, uvicorn 0.54.0, openai 3.57.0. Seen on
#          2026-11-29.
set -euo pipefail
work=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" || true; fi; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "transformers[serving]==5.23.0" torch==2.13.0 fastapi==0.165.0 \
  uvicorn==0.54.0 openai==3.57.0 starlette==1.10.0
export HF_HUB_OFFLINE=1 HF_HOME="$work/hub" PATH="$work/venv/bin:$PATH"
python - "$work/model" <<'PY'
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

names = {piece: number for number, piece in enumerate(
    ["<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())])}
tokenizer = Tokenizer(models.BPE(names, []))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>",
                               chat_template="{% for m in messages %}{{ m.content }}{% endfor %}")
torch.manual_seed(0)
config = LlamaConfig(vocab_size=len(names), hidden_size=32, num_hidden_layers=2,
                     num_attention_heads=4, intermediate_size=64, bos_token_id=0, eos_token_id=1,
                     max_position_embeddings=256)
LlamaForCausalLM(config).save_pretrained(sys.argv[1])
fast.save_pretrained(sys.argv[1])
PY
port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
transformers serve "$work/model" --host 127.0.0.1 --port "$port" --device cpu > "$work/log" 2>&1 &
server=$!
python - "$work/model" "$port" <<'PY'
import json
import sys
import time
import urllib.error
import urllib.request

model, port = sys.argv[1:]
schema = {"type": "object", "properties": {"answer": {"enum": ["red", "blue"]}},
          "required": ["answer"], "additionalProperties": False}


def ask(**fields):
    body = {"model": model, "messages": [{"role": "user", "content": "red or blue?"}],
            "max_tokens": 12, **fields}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions",
                                     json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, json.loads(response.read())["choices"][0]
    except urllib.error.HTTPError as error:
        return error.code, {}


for _ in range(120):
    try:
        greedy = ask(temperature=0)[1]["message"]["content"]
        break
    except (urllib.error.URLError, ConnectionError):
        time.sleep(1)
held, choice = ask(temperature=0, response_format={"type": "json_schema", "json_schema": {
    "name": "answer", "strict": True, "schema": schema}})
likely, other = ask(temperature=0, logprobs=True, top_logprobs=5)
unknown, _ = ask(temperature=0, no_such_field=1)
hot = {ask(temperature=2.0, seed=seed)[1]["message"]["content"] for seed in range(5)}
print("an unknown field:", unknown)
print("response_format:", held, "and", repr(choice["message"]["content"]))
print("logprobs:", likely, "and", other.get("logprobs"))
print("temperature 2, five seeds:", len(hot), "answers, the greedy one among them:", greedy in hot)
if not (unknown == 422 and held == 200 and choice["message"]["content"] == greedy
        and likely == 200 and other.get("logprobs") is None and hot == {greedy}):
    raise SystemExit("changed: these fields are refused or obeyed now")
PY

#!/usr/bin/env bash
# A GGUF file named as the tokenizer is not read where a tokenizer.json lies beside it.
#
# Guess:   `AutoTokenizer.from_pretrained(folder, gguf_file=NAME)` reads the words, the special tokens
#          and the chat template of that file, whatever else lies in the folder.
# Happens: a `tokenizer.json` in the folder is read in its place, with no word said, even one of another
#          model; and neither the GGUF's settings nor a `tokenizer_config.json` are read with it. So
#          `tokenizer.save_pretrained(folder)` next to the GGUF it came from takes bos, eos and the
#          chat template away from the next one who loads it: all three are None.
# Matters: weights and words of one comparison come out of two files. With another model's words the
#          answers are noise without an error; with its own, prompts lose the chat template and a
#          decoder's `eos_token` is gone, and the score falls for no reason that the model has.
# Versions: transformers 5.23.0, gguf 0.19.0, torch 2.13.0. Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.23.0 torch==2.13.0 gguf==0.19.0 numpy
mkdir "$work/folder"
cd "$work"
HF_HUB_OFFLINE=1 "$work/venv/bin/python" - 2> said <<'PY' || { cat said >&2; exit 1; }
from pathlib import Path

import gguf
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

letters = list(bytes_to_unicode().values())
words = [*letters, "he", "lo", "<s>", "</s>"]
writer = gguf.GGUFWriter("folder/model.gguf", "llama")  # the fields that llama.cpp asks for
writer.add_context_length(64)
writer.add_block_count(1)
writer.add_embedding_length(32)
writer.add_feed_forward_length(32)
writer.add_head_count(2)
writer.add_layer_norm_rms_eps(1e-6)
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("llama-bpe")
writer.add_token_list(words)
writer.add_token_types([1] * (len(words) - 2) + [3, 3])
writer.add_token_merges(["h e", "l o"])
writer.add_bos_token_id(words.index("<s>"))
writer.add_eos_token_id(words.index("</s>"))
writer.add_chat_template("{{ messages[0].content }}")
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.close()


def read(beside):
    """Its tokens of a word, bos, eos and whether it has a chat template."""
    tokenizer = AutoTokenizer.from_pretrained("folder", gguf_file="model.gguf")
    seen = (tokenizer("hello").tokens(), tokenizer.bos_token, tokenizer.eos_token, bool(tokenizer.chat_template))
    print(f"{beside}: {seen[0]}, bos {seen[1]}, eos {seen[2]}, a chat template: {seen[3]}")
    return tokenizer, seen


print(f"transformers {transformers.__version__}")
tokenizer, alone = read("the GGUF file alone")
tokenizer.save_pretrained("folder")  # tokenizer.json, tokenizer_config.json, chat_template.jinja
_, beside_its_own = read("beside its own saved tokenizer")
for file in [*Path("folder").glob("*.json"), *Path("folder").glob("*.jinja")]:
    file.unlink()
other = Tokenizer(models.WordLevel({"[UNK]": 0, "hello": 1}, "[UNK]"))
other.pre_tokenizer = pre_tokenizers.Whitespace()
other.save("folder/tokenizer.json")
_, beside_another = read("beside another model's tokenizer.json")
if (alone, beside_its_own, beside_another) != (
    (["he", "l", "lo"], "<s>", "</s>", True),
    (["he", "l", "lo"], None, None, False),
    (["hello"], None, None, False),
):
    raise SystemExit("changed: another file is read for a tokenizer by gguf_file")
PY
if grep -i -E "tokenizer|gguf" said; then
  echo "changed: now something is said of it"
  exit 1
fi

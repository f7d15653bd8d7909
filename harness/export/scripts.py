"""`predict.py`: a few lines that answer from the folder with public libraries alone.

Lines of standard input go in, a label and its probability come out; of two texts a tab parts them,
of pictures a line is a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from harness.common.kinds import ExportFormat
from harness.export.manifest import Reads, reads_of
from harness.export.picture_scripts import of_graph, of_weights
from harness.export.whole import Whole
from harness.methods.fitted import declared
from harness.targets.kinds import KINDS

PREDICT, PROMPT = "predict.py", "prompt.json"
MARK = "\u2063text\u2063"
NO_NAME = r"[^\w+. -]"
"""What a label may hold that has no place in a program's text."""
GRAPHS: tuple[ExportFormat, ...] = ("onnx", "int8")
FILES: tuple[ExportFormat, ...] = ("gguf-f16", "gguf-q8_0")
GGUF = "model.gguf"

HEAD = '''"""{says} Lines of text in; label and probability out. Needs {needs}."""
import json, re, sys
from pathlib import Path
{imports}
here = Path(__file__).resolve().parent
{cut}
tokenizer = AutoTokenizer.from_pretrained(here)
{model}
for line in sys.stdin:
    {read}
    {answer}
    {said}
'''
ONE, TWO = 'cut(line.rstrip("\\n"))', '*line.rstrip("\\n").split("\\t")'
READ = "inputs = tokenizer({texts}, truncation=True, "
TORCH_READ = READ + 'split_special_tokens=True, return_tensors="pt")'
NUMPY_READ = READ + 'split_special_tokens=True, return_tensors="np")'
CONFIG = 'names = json.loads((here / "config.json").read_text(encoding="utf-8"))["id2label"]'

LOADED = {
    "classes": ("AutoModelForSequenceClassification", ""),
    "tags": ("AutoModelForTokenClassification", ""),
    "pooled": ("AutoModel", '''
from safetensors.torch import load_file
head = load_file(here / "2_Classifier" / "model.safetensors")'''),
}
POOLS = {
    "cls": "states[0, 0]", "mean": "states[0].mean(0)", "lasttoken": "states[0, -1]",
    "max": "states[0].max(0).values"}
TURNED = {
    "several": ("p = 1 / (1 + {exp}(-logits))",
                'print(*(f"{{names[str(i)]}}\\t{{x:.4f}}" for i, x in enumerate(p.tolist()) '
                'if x > {threshold}), sep="\\t")'),
    "one": ("p = {exp}(logits - logits.max()); p = p / p.sum()",
            'best = int(p.argmax()); print(names[str(best)], f"{{p[best]:.4f}}", sep="\\t")'),
    "number": ("p = logits", 'print(float(p[0]))'),
    "tags": ("p = {exp}(logits - logits.max()); p = p / p.sum(-1)[:, None]",
             'print(*(f"{{line[w.start():w.end()]}}\\t{{names[str(int(p[t].argmax()))]}}\\t'
             '{{float(p[t].max()):.4f}}" for w in re.finditer(r"\\w+|\\S", line) for t in '
             '[next((i for i, (a, b) in enumerate(places) if b > a and a < w.end() and '
             'b > w.start()), None)] if t is not None), sep="\\n")'),
}
ASKED = '''"""{says} Lines of text in; label and probability out. Needs {needs}."""
import json, sys, re
from pathlib import Path
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
here = Path(__file__).resolve().parent
asked = json.loads((here / "prompt.json").read_text(encoding="utf-8"))
{cut}
tokenizer = AutoTokenizer.from_pretrained(here)
model = AutoModelForCausalLM.from_pretrained(here, {dtype}).eval()
tokens = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
def score(prompt, answer, shared):
    ids = tokens(prompt + answer)[shared:] + [asked["end"]]
    read = torch.tensor([asked["start"] + tokens(prompt)[:shared] + ids])
    with torch.inference_mode(): logits = model(input_ids=read).logits[0].double().log_softmax(-1)
    return sum(float(logits[len(read[0]) - len(ids) + i - 1, token]) for i, token in enumerate(ids))
for line in sys.stdin:
    text = cut(line.rstrip("\\n"))
    ends = [b for _, b in tokenizer(text, add_special_tokens=False,
                                    return_offsets_mapping=True)["offset_mapping"]]
    text = text[:ends[asked["max_length"] - 1]] if len(ends) > asked["max_length"] else text
    prompt = (asked["before"] + text + asked["after"]).rstrip(" ")
    every = [tokens(prompt), *(tokens(prompt + answer) for answer in asked["answers"].values())]
    shared = next((i for i, same in enumerate(zip(*every)) if len(set(same)) > 1),
                  min(map(len, every)))
    p = torch.tensor([score(prompt, a, shared) for a in asked["answers"].values()]).softmax(0)
    print(list(asked["answers"])[int(p.argmax())], f"{{float(p.max()):.4f}}", sep="\\t")
'''


def scripts(to: ExportFormat, whole: Whole) -> dict[str, str]:
    """The files that answer from a folder, by name; none for a prompt that is answered in words,
    with yes and no, or by a sequence-to-sequence model, and for a pooling of a rare kind."""
    says = f"{re.sub(NO_NAME, '_', whole.label)}, as {to}."
    if whole.answers == "prompt":
        return _asked(whole, says, 'dtype="auto"' if to not in FILES else
                      f'gguf_file="{GGUF}", dtype=torch.float32')
    if whole.answers == "pictures":
        answer, said = _turned(whole, "np.exp" if to in GRAPHS else "torch.exp")
        program = of_graph if to in GRAPHS else of_weights
        return {PREDICT: program(says, CONFIG, f"{answer}\n    {said}")}
    if to in GRAPHS:
        return {PREDICT: _graph(whole, says)}
    pools = whole.loaded.model.pool if whole.answers == "pooled" else ()
    return {PREDICT: _weights(whole, says)} if {*pools} <= {*POOLS} else {}


def _weights(whole: Whole, says: str) -> str:
    name, more = LOADED[whole.answers]
    model = (f"model = {name}.from_pretrained(here, dtype=\"auto\").eval()\n{CONFIG}"
             + more.removeprefix("\n").replace("from safetensors", "\nfrom safetensors", 1))
    if whole.answers == "pooled":
        pools = [POOLS[mode] for mode in whole.loaded.model.pool]
        pooled = pools[0] if len(pools) == 1 else f"torch.cat([{', '.join(pools)}])"
        run = ("states = model(**inputs).last_hidden_state.float(); logits = head[\"linear.weight\""
               f"].float() @ {pooled} + head[\"linear.bias\"].float()")
    else:
        run = "logits = model(**inputs).logits[0].float()"
    answer, said = _turned(whole, "torch.exp")
    return HEAD.format(
        says=says, needs="torch and transformers", cut=_cut(reads_of(whole)), model=model,
        imports=f"import torch\nfrom transformers import {name}, AutoTokenizer" + (
            ", logging\nlogging.set_verbosity_error()  # a pooler that nothing reads is absent"
            if whole.answers == "pooled" else ""),
        read=_read(whole, TORCH_READ), answer=f"with torch.inference_mode(): {run}\n    {answer}",
        said=said)


def _graph(whole: Whole, says: str) -> str:
    answer, said = _turned(whole, "np.exp")
    return HEAD.format(
        says=says, needs="onnxruntime, numpy and transformers", cut=_cut(reads_of(whole)),
        imports="import numpy as np\nimport onnxruntime\nfrom transformers import AutoTokenizer",
        model='model = onnxruntime.InferenceSession(here / "model.onnx")\n' + CONFIG,
        read=_read(whole, NUMPY_READ),
        answer='given = {i.name: inputs[i.name].astype(np.int64) for i in model.get_inputs()}\n'
               f'    logits = model.run(None, given)[0][0]; {answer}', said=said)


def _read(whole: Whole, read: str) -> str:
    if whole.answers != "tags":
        return read.format(texts=TWO if reads_of(whole).pairs else ONE)
    return ('line = cut(line.rstrip("\\n")); places = tokenizer(line, truncation=True, '
            'split_special_tokens=True, return_offsets_mapping=True)["offset_mapping"]\n    '
            + read.format(texts="line"))


def _turned(whole: Whole, exp: str) -> tuple[str, str]:
    """From logits to what is printed."""
    kind, reads = KINDS[whole.job.task.kind], reads_of(whole)
    answer, said = TURNED[kind.of("several" if kind.several else "one", "number", "tags", "one")]
    return answer.format(exp=exp), said.format(threshold=reads.threshold)


def _cut(reads: Reads) -> str:
    """The words of a text that are read; the run's own count letters of scripts without spaces."""
    most = reads.max_words
    if most is None or reads.pairs:
        return "cut = str"
    first = f'cut = lambda text: re.match(r"(?:\\s*\\S+){{,{most}}}", text)[0]'
    by_ends: dict[str, Callable[[], str]] = {"head": lambda: first, "head+tail": lambda: (
        f'cut = lambda text: text if len(text.split()) <= {most} else " ".join(text.split()'
        f'[:{most // 4}]) + " … " + " ".join(text.split()[-{most - most // 4 - 1}:])')}
    return by_ends[reads.ends]()


def _asked(whole: Whole, says: str, dtype: str) -> dict[str, str]:
    scored, kind = declared(whole.fitted).scored, KINDS[whole.job.task.kind]
    if (scored is None or kind.several
            or whole.job.need_backbone().answers_apart or reads_of(whole).pairs):
        return {}
    writer = scored.writer
    text = "".join(writer.texts([writer.item(MARK)])[0])
    before, _, after = text.partition(MARK)
    answers = dict(zip(whole.job.task.labels, (one.said for one in writer.answers()), strict=True))
    start = writer.prompts([writer.item("a")])[0][:len(writer._start)]
    asked = {"before": before, "after": after, "answers": answers, "start": start,
             "end": writer.end, "max_length": writer.max_length}
    needs = "torch, transformers and gguf" if GGUF in dtype else "torch, transformers"
    return {PREDICT: ASKED.format(says=says, needs=needs, dtype=dtype, cut=_cut(reads_of(whole))),
            PROMPT: json.dumps(asked, ensure_ascii=False, indent=1)}

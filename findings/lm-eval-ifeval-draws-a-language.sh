#!/usr/bin/env bash
# lm-eval's IFEval judges the same answer now right, now wrong.
#
# Guess:   IFEval checks by program what can be checked by program, so that an answer, once written, is
#          judged the same in every run.
# Happens: three of its kinds ask langdetect for the language, which draws at random unless it is given
#          a seed, and lm-eval gives it none. A short answer, above all one in capitals, is English in
#          one draw and Vietnamese in the next.
# Matters: the same answers, scored twice, have two accuracies, and a model that answers as it did is
#          said to have lost or gained. Where a model is compared with what it was tuned from, the noise
#          falls on the few items that decide. Set langdetect.DetectorFactory.seed before scoring.
# Versions: lm-eval 0.4.13, langdetect 1.0.9. Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet lm-eval==0.4.13 langdetect==1.0.9 immutabledict==4.3.1 nltk==3.10.4
# NLTK's sentence splitter with nothing learned: these checkers split no sentences, lm-eval wants it there.
mkdir -p "$work/nltk/tokenizers/punkt_tab/english"
NLTK_DATA="$work/nltk" "$work/venv/bin/python" - <<'PY'
from collections import Counter
from importlib.metadata import version

from langdetect import DetectorFactory
from lm_eval.tasks.ifeval.utils import process_results

doc = {
    "key": 1,
    "prompt": "Give one rule for a laboratory fridge. English, capital letters only.",
    "instruction_id_list": ["change_case:english_capital"],
    "kwargs": [{}],
}


def judged(times):
    answer = "KEEP THE FRIDGE CLEAN."
    return Counter(process_results(doc, [answer])["prompt_level_strict_acc"] for _ in range(times))


print(f"lm-eval {version('lm-eval')}, langdetect {version('langdetect')}")
free = judged(300)
print("one answer, judged 300 times:             ", dict(free))
DetectorFactory.seed = 0
held = judged(300)
print("the same with DetectorFactory.seed = 0:   ", dict(held))
if len(free) != 2 or len(held) != 1:
    raise SystemExit("changed: an answer is judged the same without a seed, or not with one")
PY

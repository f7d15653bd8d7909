"""`predict.py` of each format, in a process that cannot import this package."""

import dataclasses
import subprocess
import sys

import pytest
from written import whole

from harness.common.clock import Clock
from harness.export.formats import find_format
from harness.export.scripts import PREDICT, PROMPT, scripts
from harness.tasks.examples import Item

ALONE = ("import runpy, sys; sys.modules['harness'] = None; "
         "runpy.run_path(sys.argv[1], run_name='__main__')")
TEXTS = ["the iron and copper of old", "apple pear very red n1", "some brass"]


def answered(folder):
    done = subprocess.run([sys.executable, "-I", "-c", ALONE, str(folder / PREDICT)],
                          input="\n".join(TEXTS) + "\n", capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr[-800:]
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("label", "backbone", "to"), [
    ("full", "enc", "merged"), ("features", "enc", "bf16"), ("full", "enc", "int8"),
    ("lora", "dec", "merged")])
def test_a_stranger_s_few_lines_say_what_this_package_says(place, tmp_path, label, backbone, to):
    model = whole(place, label, backbone)
    form = find_format(to, model)
    form.write(model, tmp_path)
    for name, text in scripts(to, model).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = form.load(model, tmp_path).predict([Item(t, t, None) for t in TEXTS], Clock())
    said = answered(tmp_path)
    assert [name for name, _ in said] == [model.job.task.labels[i] for i in found.argmax(axis=1)]
    # The arithmetic of a stranger's attention is another; bf16 rounds.
    assert [float(p) for _, p in said] == pytest.approx(
        found.max(axis=1), abs=2e-2 if to == "bf16" else 2e-3)


def test_a_prompt_s_program_has_the_prompt_beside_it(place):
    model = whole(place, "lora", "dec")
    assert set(scripts("merged", model)) == {PREDICT, PROMPT}


def test_no_name_of_a_method_becomes_code(place, monkeypatch):
    model = dataclasses.replace(whole(place, "full", "enc"), label='a"""\nimport os')
    (text,) = scripts("onnx", model).values()
    compile(text, PREDICT, "exec")
    assert "import os" not in text.splitlines()
    assert text.splitlines()[0].startswith('"""a____import os, as onnx.')

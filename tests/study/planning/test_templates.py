"""A chat template that a suite asks for and a backbone lacks is missed before anything runs."""

import shutil

import pytest
import yaml
from typer.testing import CliRunner

from harness.backbones.load import load_tokenizer
from harness.cli.app import app
from harness.common.device import Device
from harness.study.planning.plan import make_plan
from harness.suite import load_suite

CPU = Device("cpu", "test", "no", 1)
CHAT = "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}<s>assistant: "


@pytest.fixture
def asking(suite_file):
    """The tiny suite with another template of its prompt."""
    def write(template, methods, folder=None):
        suite = yaml.safe_load(suite_file.read_text())
        suite["task"]["prompt"]["template"] = template
        dec = suite["backbones"]["dec"]
        dec |= {"methods": methods, "source": {"file": str(folder)} if folder else dec["source"]}
        suite_file.write_text(yaml.safe_dump(suite, sort_keys=False))
        return suite_file

    return write


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_every_command_misses_it(asking, monkeypatch, command):
    path = asking("chat", ["zero-shot"])
    monkeypatch.chdir(path.parent)
    given = CliRunner().invoke(app, [command, f"./{path.name}"])
    said = " ".join(f"{given.output} {given.exception}".split())
    assert given.exit_code == 1
    assert "task.prompt.template: dec: the tokenizer has no chat template" in said
    assert "Write `template: plain`" in said


def test_who_is_not_asked_needs_none(asking):
    assert make_plan(load_suite(asking("chat", ["features"])), CPU).runs


def test_another_template_is_another_run(asking, decoder, tmp_path):
    folder, tokenizer = tmp_path / "chatting", load_tokenizer(decoder)
    shutil.copytree(decoder.path, folder)
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    ids = {make_plan(load_suite(asking(template, ["zero-shot"], folder)), CPU).runs[-1].run_id
           for template in ("auto", "plain", "chat")}
    assert len(ids) == 3

"""Model folders that would run code, fill memory, never end, or read what is not theirs."""

import json
import pickle
import shutil
import struct

import pytest
from command_line import controls, harness, refused

ESCAPE = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
LOOPS = "{% for a in range(99999) %}" * 4 + "{% endfor %}" * 4
MESSAGE = "{{ messages[0]['content'] }}"


@pytest.fixture
def owned(tmp_path, monkeypatch):
    """A file that hostile code would write; no test leaves it there."""
    path = tmp_path / "owned"
    # The code finds it by a variable, as it would find a secret.
    monkeypatch.setenv("OWNED", str(path))
    yield path
    assert not path.exists()


class Evil:
    def __reduce__(self):
        return exec, ("import os; open(os.environ['OWNED'], 'w')",)


def configure(folder, name="config.json", **fields):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def pickled(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))


def code(folder):
    configure(folder, auto_map={"AutoModel": "evil.Model", "AutoConfig": "evil.Config"})
    (folder / "evil.py").write_text("import os; open(os.environ['OWNED'], 'w')")


def code_in_tokenizer(folder):
    configure(folder, "tokenizer_config.json", tokenizer_class="Evil",
              auto_map={"AutoTokenizer": ["evil.Evil", None]})
    (folder / "evil.py").write_text("import os; open(os.environ['OWNED'], 'w')")


def lying_header(folder):
    weights = folder / "model.safetensors"
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**6, 10**6],
                               "data_offsets": [0, 4 * 10**12]}}).encode()
    weights.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 64)


def endless_header(folder):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 62) + b"{}")


def linked(folder):
    (folder / "vocab.txt").symlink_to("/etc/passwd")


def linked_weights(folder):
    (folder / "model.safetensors").rename(folder.parent / "elsewhere")
    (folder / "model.safetensors").symlink_to("../elsewhere")


SPOILT = {
    "pickle alone": (pickled, "safetensors"),
    "code of its own": (code, "needs code of its own"),
    "code of its tokenizer": (code_in_tokenizer, "needs code of its own"),
    "code from the hub": (lambda f: configure(f, attn_implementation="evil/kernel"),
                          "names code elsewhere"),
    "10^12 parameters": (lambda f: configure(f, hidden_size=10**6, intermediate_size=10**6),
                         "asks for"),
    "10^12 words": (lambda f: configure(f, vocab_size=10**12), "asks for"),
    "10^9 layers": (lambda f: configure(f, num_hidden_layers=10**9), "1,000,000,000 layers"),
    "10^9 classes": (lambda f: configure(f, num_labels=10**9), "classes"),
    "a header that lies": (lying_header, "not a whole safetensors file"),
    "a header without end": (endless_header, "not a whole safetensors file"),
    "a link out of it": (linked, "link that leaves"),
    "weights by link": (linked_weights, "link that leaves"),
    "a configuration that is a list": (lambda f: (f / "config.json").write_text("[1]"), "config"),
    "brackets": (lambda f: (f / "config.json").write_text("[" * 200_000), "not JSON"),
    "no JSON": (lambda f: (f / "tokenizer.json").write_text("\x1b[2J"), "not JSON"),
    "a vocabulary elsewhere": (
        lambda f: configure(f, "tokenizer_config.json", vocab_file="/etc/passwd"), "lies outside"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_model_is_refused_by_every_command(strange, owned, name):
    model = strange()
    spoil, words = SPOILT[name]
    spoil(model.folder)
    for said in model.everywhere():
        refused(said, words)
        assert str(owned) not in said.all
    assert "strange.yaml:" in model.as_backbone().err, "the suite's line is named"
    assert not (model.place / "gate").exists() or not list((model.place / "gate").iterdir())
    assert not (model.place / "out.parquet").exists()


def test_a_base_and_an_embedder_are_looked_at_too(strange, owned, encoder_folder):
    model = strange()
    code(model.folder)
    refused(harness("gate", encoder_folder, "--suite", model.suite, "--base", model.folder),
            "needs code of its own")
    refused(model.as_embedder(), "embedder", "needs code of its own")
    pickled(model.folder)
    refused(model.as_embedder(), "pickle")
    (model.folder / "config.json").unlink()
    refused(model.as_embedder(), "pickle")


def test_a_pickle_beside_sound_weights_is_not_read(strange, owned):
    model = strange()
    for name in ("pytorch_model.bin", "training_args.bin", "optimizer.pt"):
        (model.folder / name).write_bytes(pickle.dumps(Evil()))
    assert model.as_backbone().code == 0
    refused(model.as_candidate(), "its weights lack bert.pooler")


def template(folder, text):
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    configure(folder, "tokenizer_config.json", chat_template=text)


TEMPLATES = {
    "classes": (ESCAPE + MESSAGE, "reaches for Python's inside"),
    "globals": ("{{ raise_exception.__globals__['os'] }}" + MESSAGE, "reaches for Python's inside"),
    "frames": ("{{ cycler.__init__.__globals__.os.environ }}" + MESSAGE, "Python's inside"),
    "format": ("{{ '{0.__class__.__mro__}'.format(1) }}" + MESSAGE, "Python's inside"),
    "many words": ("{{ 'x' * 200000 }}" + MESSAGE, "200,0"),
    "all memory": ("{{ 'x' * 100000000000 }}" + MESSAGE, "bytes to be looked at"),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_hostile_chat_template_is_refused(strange, name):
    model = strange("decoder")
    text, words = TEMPLATES[name]
    template(model.folder, text)
    for said in (model.as_backbone(), model.as_candidate()):
        refused(said, words)
        assert "subprocess" not in said.all
        assert "environ(" not in said.all


def test_a_template_in_a_file_of_its_own_is_rendered_too(strange):
    model = strange("decoder")
    (model.folder / "chat_template.jinja").write_text(ESCAPE + MESSAGE)
    refused(model.as_backbone(), "reaches for Python's inside")


def swarm(folder):
    configure(folder, model_type="swin", architectures=["SwinModel"], depths=[10**9],
              num_heads=[1], image_size=4, patch_size=1, embed_dim=1)


def swollen(folder):
    """A normaliser that makes ten characters of one, four times over."""
    path = folder / "tokenizer.json"
    value = json.loads(path.read_text())
    step = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 10}
    value["normalizer"] = {"type": "Sequence", "normalizers": [step] * 4}
    path.write_text(json.dumps(value))


@pytest.mark.parametrize(("spoil", "kind"), [
    (lambda f: template(f, LOOPS + MESSAGE), "decoder"),
    (lambda f: template(f, "{{ 10 ** (10 ** 9) % 7 }}" + MESSAGE), "decoder"),
    (swarm, "encoder")], ids=["loops", "a number", "layers"])
def test_what_never_ends_is_stopped(strange, impatient, spoil, kind):
    model = strange(kind)
    spoil(model.folder)
    for ask in (model.as_backbone, model.as_candidate):
        refused(ask(), "more than 1 seconds to look at")


def test_a_tokenizer_that_swells_is_refused(strange):
    model = strange()
    swollen(model.folder)
    for said in (model.as_backbone(), model.as_candidate()):
        refused(said, "tokens of 100 characters")


def test_a_template_s_own_words_are_plain(strange):
    """A template may fail where nobody asks for it; what it says then cannot reach a terminal."""
    model = strange("decoder")
    template(model.folder, "{{ raise_exception('\x1b]0;owned\x07[bold red]no') }}")
    assert model.as_backbone("features").code == 0
    said = model.as_candidate()
    refused(said, "chat template cannot be rendered", "[bold red]no")
    assert controls(said.all) == ""


def test_names_of_classes_from_a_stranger_are_plain(strange, place):
    model = strange()
    shutil.rmtree(model.folder)
    shutil.copytree(place.artifact("full", "enc"), model.folder)
    names = {str(i): f"\x1b]0;owned\x07[link=http://evil]{i}\u202e" for i in range(3)}
    configure(model.folder, id2label=names, label2id={v: int(k) for k, v in names.items()})
    refused(model.as_candidate(), "do not match the task's", "[link=http://evil]0")

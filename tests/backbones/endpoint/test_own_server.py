"""A server that is started for a study: transformers' own where its libraries are installed."""

import json
import os
import shutil
import socket
from importlib.util import find_spec

import httpx2
import pytest
from transformers import AutoTokenizer

from harness.backbones.endpoint import server
from harness.backbones.endpoint.chat import body
from harness.backbones.endpoint.connection import Connection
from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.endpoint.server import EXTRAS, check_installed, serving
from harness.common.errors import HarnessError
from harness.suite.endpoint import EndpointFields

STAND_IN = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        said = json.dumps([os.getpid(), sys.argv[1], os.listdir(sys.argv[1])]).encode()
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
HTTPServer((sys.argv[3], int(sys.argv[5])), Handler).serve_forever()
"""
INSTALLED = all(find_spec(name) for name in EXTRAS)


@pytest.fixture
def said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return EndpointFields(endpoint=f"http://127.0.0.1:{port}/v1", model="tiny", serve="dec")


def test_it_answers_by_the_endpoint_s_name_of_it_and_ends_with_the_block(said, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    address = said.endpoint.removesuffix("/v1") + "/health"
    with serving(said, tmp_path, ("-c", STAND_IN)):
        pid, name, files = json.loads(httpx2.get(address).content)
        assert (name, files) == ("tiny", ["config.json"])
        with pytest.raises(HarnessError, match="another program answers there"), \
                serving(said, tmp_path, ("-c", STAND_IN)):
            pass
    with pytest.raises(httpx2.RequestError):
        httpx2.get(address)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_one_that_does_not_begin_is_named_with_its_last_words(said, tmp_path, monkeypatch):
    with pytest.raises(HarnessError, match="ended by itself: no such model"), \
            serving(said, tmp_path, ("-c", "print('no such model')")):
        pass
    monkeypatch.setattr(server, "WAIT", 0.5)
    with pytest.raises(HarnessError, match=r"did not begin in 0\.5 s"), \
            serving(said, tmp_path, ("-c", "import time; time.sleep(60)")):
        pass


@pytest.mark.skipif(INSTALLED, reason="the extra `serving` is installed here")
def test_without_its_libraries_the_error_says_what_to_install():
    with pytest.raises(HarnessError, match="fastapi") as error:
        check_installed()
    assert "adaptation-harness[serving]" in error.value.fix


@pytest.mark.parametrize(("fields", "why"), [
    ({"endpoint": "https://api.example.org/v1"}, "on this machine alone"),
    ({"model": "some/where"}, "one word")])
def test_a_server_that_cannot_be_meant_is_refused(said, fields, why):
    with pytest.raises(ValueError, match=why):
        EndpointFields.model_validate(said.model_dump() | fields)


@pytest.mark.skipif(not INSTALLED, reason="needs the extra `serving`")
def test_transformers_own_server_answers_with_the_weights(said, decoder_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(decoder_folder, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    tokenizer.save_pretrained(folder)
    with serving(said, folder):
        endpoint = Endpoint("big", said.model_copy(update={"stream": True}))
        reply, = Connection(endpoint, None).ask(
            [body(endpoint, [{"role": "user", "content": "iron or plum?"}], 4)])
    assert reply.written == 4
    assert 0.0 < reply.first <= reply.seconds

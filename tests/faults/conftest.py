import pytest
from small_study import Watcher, write_suite


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture
def small_suite(tmp_path, encoder_folder, decoder_folder):
    return write_suite(tmp_path, encoder_folder, decoder_folder)

"""A study of questions that are answered in words: run, reported, read again."""

import pytest
import yaml
from command_line import harness
from quiz import quiz_dict, write_quiz


@pytest.fixture(scope="module")
def quiz(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("quiz")
    write_quiz(folder)
    (folder / "quiz.yaml").write_text(yaml.safe_dump(quiz_dict(encoder_folder, decoder_folder)))
    said = harness("run", "quiz", "--suites", folder, "--runs", folder / "runs", "--reports",
                   folder / "reports", HARNESS_CACHE=str(folder / "cache"))
    assert said.code == 0, said.all
    print(said.all)
    return folder


def test_it(quiz):
    print((quiz / "reports/quiz/report.md").read_text())
    assert 0

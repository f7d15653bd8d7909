import pytest

from harness.common.kept import kept_folder, kept_hash


def maker(made):
    def make(folder):
        made.append(folder)
        (folder / "content").write_text("right")
    return make


def test_a_kept_folder_is_made_once(tmp_path):
    made = []
    first = kept_folder(tmp_path / "kept", maker(made))
    assert kept_folder(tmp_path / "kept", maker(made)) == first == kept_hash(tmp_path / "kept")
    assert len(made) == 1


@pytest.mark.parametrize("harm", [
    lambda folder: (folder / "content").write_text("wrong"),
    lambda folder: (folder / "content").unlink(),
    lambda folder: (folder / "more").write_text("what nobody made"),
])
def test_a_damaged_folder_is_named_and_made_again(tmp_path, caplog, harm):
    made, folder = [], tmp_path / "kept"
    first = kept_folder(folder, maker(made))
    harm(folder)
    assert kept_folder(folder, maker(made)) == first
    assert len(made) == 2
    assert [p.name for p in folder.iterdir()] == ["content"]
    assert f"{folder} is damaged: made again" in caplog.text


def test_a_folder_whose_making_was_cut_short_is_not_taken_for_whole(tmp_path):
    def fail(folder):
        (folder / "half").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept_folder(tmp_path / "kept", fail)
    assert kept_hash(tmp_path / "kept") is None
    (tmp_path / "kept").mkdir()  # killed between the folder's move and the note of its hash
    made = []
    kept_folder(tmp_path / "kept", maker(made))
    assert len(made) == 1

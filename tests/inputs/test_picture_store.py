"""Pictures prepared once, found by what they show, whatever ends the process meanwhile."""

import io
import logging
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from harness.common.errors import HarnessError
from harness.inputs import preparing
from harness.inputs.near_pictures import perceptual
from harness.inputs.picture_row import PictureRow
from harness.inputs.picture_store import INDEX, open_store, store_folder
from harness.inputs.pictures import identity
from harness.inputs.preparing import AHEAD, prepare

NOISE = np.random.default_rng(0).integers(0, 256, (40, 20, 15, 3), dtype=np.uint8)


def saved(pixels, kind="PNG"):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def rows(count=40):
    return [PictureRow(saved(NOISE[n]), f"{n}.png", "a") for n in range(count)]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(preparing, "SHARD_ROWS", 6)


@pytest.fixture
def looked(monkeypatch):
    """Names of the rows that were decoded."""
    names = []
    look = preparing._look

    def noted(row):
        names.append(row.name)
        return look(row)

    monkeypatch.setattr(preparing, "_look", noted)
    return names


@pytest.mark.parametrize("threads", [1, 2, None])
def test_every_picture_comes_back_with_its_facts(tmp_path, threads):
    store = prepare(rows(), tmp_path / "store", threads)
    facts = store.facts.to_pylist()
    assert [fact["name"] for fact in facts] == [f"{n}.png" for n in range(40)]
    for pixels, fact in zip(NOISE, facts, strict=True):
        np.testing.assert_array_equal(store.pixels(fact["identity"]), pixels)
        assert (fact["height"], fact["width"], fact["fault"]) == (20, 15, None)
        assert fact["identity"] == identity(pixels)
        assert fact["perceptual"] == perceptual(pixels)
    assert store.faults == []
    with pytest.raises(KeyError):
        store.pixels("0" * 64)


def test_a_store_is_opened_as_it_was_made(tmp_path):
    assert open_store(tmp_path / "store") is None
    made = prepare(rows(), tmp_path / "store")
    found = open_store(tmp_path / "store")
    assert found.facts.equals(made.facts)
    assert found.places == made.places
    np.testing.assert_array_equal(found.pixels(identity(NOISE[7])), NOISE[7])


def test_one_picture_in_two_formats_is_kept_once(tmp_path):
    data = [saved(NOISE[0]), saved(NOISE[1]), saved(NOISE[0], "BMP")]
    store = prepare([PictureRow(d, str(n), "a") for n, d in enumerate(data)], tmp_path / "store")
    one, other, again = store.facts["identity"].to_pylist()
    assert one == again != other
    assert store.places == {one: 0, other: 1}
    assert store.pictures.null_count == 1


def test_files_that_are_no_pictures_are_faults_of_their_rows(tmp_path):
    broken = [replace(row, picture=row.picture[:60]) if n in (3, 11) else row
              for n, row in enumerate(rows())]
    store = prepare(broken, tmp_path / "store")
    assert [row for row, _ in store.faults] == [3, 11]
    assert store.faults[0][1].startswith("3.png: is damaged")
    assert len(store.places) == 38
    assert store.facts["identity"][3].as_py() is None


def test_no_rows_are_a_store(tmp_path):
    assert prepare([], tmp_path / "store").facts.num_rows == 0
    assert open_store(tmp_path / "store").places == {}


def test_what_a_killed_process_had_finished_is_taken_again(tmp_path, looked):
    def killed():
        yield from rows()[:20]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(killed(), tmp_path / "store", 1)
    kept = len(list((tmp_path / "store").glob("*.arrow"))) * 6
    assert 12 <= kept <= 18
    assert open_store(tmp_path / "store") is None
    looked.clear()
    store = prepare(rows(), tmp_path / "store", 1)
    assert looked == [f"{n}.png" for n in range(kept, 40)]
    whole = prepare(rows(), tmp_path / "whole", 1)
    assert store.facts.equals(whole.facts)
    assert store.places == whole.places


def test_rows_that_changed_are_decoded_again_from_their_shard_on(tmp_path, looked):
    prepare(rows(), tmp_path / "store", 1)
    looked.clear()
    changed = rows()
    changed[14] = replace(changed[14], picture=saved(NOISE[14][::-1]))
    store = prepare(changed, tmp_path / "store", 1)
    assert looked == [f"{n}.png" for n in range(12, 40)]
    np.testing.assert_array_equal(store.pixels(identity(NOISE[14][::-1])), NOISE[14][::-1])
    assert identity(NOISE[14]) not in store.places
    assert prepare(rows(3), tmp_path / "store", 1).facts.num_rows == 3
    assert len(list((tmp_path / "store").glob("*.arrow"))) == 1


def test_a_damaged_shard_is_decoded_again(tmp_path, looked, caplog):
    prepare(rows(), tmp_path / "store", 1)
    looked.clear()
    shard = sorted((tmp_path / "store").glob("00002-*.arrow"))[0]
    data = bytearray(shard.read_bytes())
    place = data.index(saved(NOISE[13]))
    data[place + 100] ^= 1
    shard.write_bytes(data)
    store = open_store(tmp_path / "store")
    with pytest.raises(HarnessError, match=r"damaged: 13\.png.*\n.*Delete the folder"):
        store.pixels(identity(NOISE[13]))
    store = prepare(rows(), tmp_path / "store", 1)
    assert looked == [f"{n}.png" for n in range(12, 40)]
    np.testing.assert_array_equal(store.pixels(identity(NOISE[13])), NOISE[13])


@pytest.mark.parametrize("damage", ["facts", "index", "gone", "cut"])
def test_a_store_whose_facts_are_damaged_is_none(tmp_path, damage, caplog):
    folder = tmp_path / "store"
    prepare(rows(), folder, 1)
    shard = sorted(folder.glob("*.arrow"))[0]
    if damage == "facts":
        shard.write_bytes(shard.read_bytes().replace(b"2.png", b"9.png"))
    elif damage == "index":
        (folder / INDEX).write_text((folder / INDEX).read_text().replace("00001", "00002"))
    elif damage == "gone":
        shard.unlink()
    else:
        shard.write_bytes(shard.read_bytes()[:-50])
    with caplog.at_level(logging.WARNING):
        assert open_store(folder) is None
    assert "is damaged: prepared again" in caplog.text
    assert prepare(rows(), folder, 1).facts.num_rows == 40


def test_few_rows_wait_for_the_threads(tmp_path, monkeypatch):
    """Of a long stream, only so many files are in memory as a shard and the threads hold."""
    ahead, done = 0, []
    look = preparing._look
    monkeypatch.setattr(preparing, "_look", lambda row: done.append(row) or look(row))

    def counted():
        nonlocal ahead
        for number, row in enumerate(rows()):
            ahead = max(ahead, number - len(done))
            yield row

    prepare(counted(), tmp_path / "store", 2)
    assert 0 < ahead <= 2 * AHEAD + 2


def test_the_folder_hangs_on_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert store_folder("a") == store_folder("a") != store_folder("b")
    assert store_folder("a").parent == tmp_path / "pictures"

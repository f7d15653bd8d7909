"""What a model that reads pictures forgot."""

import dataclasses

import numpy as np
import pytest
from pictured import CLASSES
from scipy.stats import mode
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harness.backbones.load import load_with_head
from harness.backbones.vision.features import picture_features
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.forgetting import names, picture_probes
from harness.forgetting.base_model import HEAD, examiner
from harness.forgetting.catalogue import PictureProbe, catalogue
from harness.forgetting.figures import forgetting
from harness.forgetting.names import check_apart, check_suite
from harness.forgetting.picture_probes import PictureProbing
from harness.suite import FileSource, ForgettingItems, WheelSource

WHOLE = dataclasses.replace(detect(), autocast="no")


@pytest.fixture
def probed(pictures_folder, monkeypatch):
    """A catalogue whose `small` are the tests' own pictures."""
    probe = PictureProbe(source=FileSource(file=str(pictures_folder)), reader={"pictures": {}},
                         classes=CLASSES)
    known = catalogue().model_copy(update={"pictures": {"small": probe}})
    for room in (names, picture_probes):
        monkeypatch.setattr(room, "catalogue", lambda: known)
    return known


def test_a_probe_is_a_head_on_frozen_features_out_of_fold(probed, vision):
    asked = ForgettingItems(probes={"small": 45}, passages=12)
    probing = examiner(vision, asked)
    assert isinstance(probing, PictureProbing)
    loaded = load_with_head(vision, HEAD, WHOLE.type)
    found = probing.put_to(loaded, WHOLE)
    rows = probing.rows["small"]
    labels = [CLASSES.index(row.label) for row in rows]
    assert np.bincount(labels).tolist() == [15, 15, 15]
    features = picture_features(vision, WHOLE).connect()(picture_probes._items(rows))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    wanted = np.array([
        cross_val_predict(model, features, labels,
                          cv=StratifiedKFold(5, shuffle=True, random_state=seed))
        for seed in range(5)])
    assert [answer.draws for answer in found.answers] == [
        tuple(own) for own in (wanted == labels).T.astype(float).tolist()]
    assert [answer.chosen for answer in found.answers] == [
        CLASSES[mode(own).mode] for own in wanted.T]
    assert found.features.shape == (12, features.shape[1])
    assert not {row.id for row in rows} & {row.id for row in probing.others}
    same = forgetting("key", found, probing.put_to(loaded, WHOLE), 0.0)
    assert same.mean.difference == 0
    assert same.similarity == pytest.approx(1.0)


def test_a_probe_of_texts_is_none_of_pictures(sights_file):
    import yaml

    from harness.suite import load_suite

    suite = yaml.safe_load(sights_file.read_text())
    suite["measure"]["forgetting"] = {"probes": {"sst2": 40}}
    sights_file.write_text(yaml.safe_dump(suite))
    with pytest.raises(HarnessError, match="no probe 'sst2' of input image"):
        check_suite(load_suite(sights_file))


def test_what_a_suite_learns_from_is_no_probe():
    learned = WheelSource(wheel="conformal-clip-data==0.1.4", sha256="0" * 64,
                          path="conformal_clip_data/data/textile_images/simulated/global")
    with pytest.raises(HarnessError, match="fabric is what this suite learns from"):
        check_apart("fabric", learned)
    check_apart("digits", learned)

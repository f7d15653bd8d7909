import pytest
from synthetic import drawn_study

from harness.report import sentences
from harness.report.published import publish
from harness.report.scope import scope
from harness.study.record import ItemsRead


def found(draws, seeds=2):
    """A study whose runs of a seed name the training items of a draw."""
    study, tables = drawn_study({"full": 3.0, "lora": 2.0}, seeds=seeds, items=60)
    records = [record.model_copy(update={"budget_used": record.budget_used.model_copy(update={
        "read": ItemsRead(train_sha256=f"draw {record.identity.seed % draws}",
                          validation_sha256="v", words_sha256=f"w{record.identity.seed % draws}",
                          words_median=4, words_longest=9)})}) for record in study.records]
    return publish(study.model_copy(update={"records": tuple(records)}), tables.__getitem__, {})


@pytest.mark.parametrize(("draws", "seeds", "said"), [
    (2, 2, "for training sets of 200 such texts: 2 were drawn"),
    (1, 2, "for these 200 training texts: one set was drawn"),
    (1, 1, "for these 200 training texts: one set was drawn")])
def test_the_verdict_is_about_what_was_drawn(draws, seeds, said):
    published = found(draws, seeds)
    words = said.replace("200", f"{published.conditions[0].train_items:,}")
    assert words in sentences.headline(published)


def test_records_that_do_not_say_what_was_learned_say_nothing_of_it():
    study, tables = drawn_study({"full": 3.0}, items=60)
    assert scope(publish(study, tables.__getitem__, {})) == ""

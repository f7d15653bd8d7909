import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.methods.learning.schedule import LOOKS, Course, Schedule, schedule_of
from harness.suite import Budget

COURSES = st.builds(lambda per_pass, passes, more: Schedule(per_pass, per_pass * passes + more),
                    st.integers(1, 40), st.integers(1, 30), st.integers(0, 300))


@given(COURSES, st.data())
def test_the_rate_climbs_stays_and_falls_to_where_training_ends(course, data):
    cools = data.draw(st.integers(1, course.constant))
    end = course.end(cools)
    assert cools <= end <= course.most
    rates = [course.rate(step, cools) for step in range(end)]
    assert all(0 < rate <= 1 for rate in rates)
    assert rates[:cools] == sorted(rates[:cools])
    assert rates[cools - 1:] == sorted(rates[cools - 1:], reverse=True)
    if end > cools + 1:
        assert rates[-1] < 0.5 * rates[cools - 1]


@given(COURSES)
def test_what_cools_down_at_the_latest_ends_with_the_budget(course):
    assert course.end(course.constant) == course.most
    assert course.rate(course.constant - 1, None) == pytest.approx(1.0) or course.most < 3
    assert course.per_pass <= course.every
    assert course.most <= LOOKS * course.every



def test_few_examples_get_the_steps_and_many_the_passes():
    budget = Budget(epochs=3, steps=200, batch=16)
    assert schedule_of(200, budget) == Schedule(per_pass=13, most=200)
    assert schedule_of(6000, budget) == Schedule(per_pass=375, most=1125)
    assert schedule_of(6000, budget).every == 375
    assert schedule_of(8, budget).every == 10


@given(st.integers(1, 500), st.integers(1, 64), st.integers(1, 9), st.integers(1, 300))
def test_a_course_takes_the_steps_of_its_schedule(items, batch, epochs, steps):
    schedule = schedule_of(items, Budget(batch=batch, epochs=epochs, steps=steps))
    assert Course(schedule.passes).steps(items, batch) == schedule.most

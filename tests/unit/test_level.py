import itertools

import pytest

from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase


@pytest.mark.parametrize(
    ("level", "before_a_plan", "before_an_apply"),
    [(Level.NEVER, False, False), (Level.APPLIES_ONLY, False, True), (Level.PLANS_AND_APPLIES, True, True)],
)
def test_which_level_asks_when(level, before_a_plan, before_an_apply):
    assert (level.asks_before(Phase.PLAN), level.asks_before(Phase.APPLY)) == (before_a_plan, before_an_apply)


def test_the_strictest_of_several_holds():
    weakest_first = [Level.NEVER, Level.APPLIES_ONLY, Level.PLANS_AND_APPLIES]
    for one, other in itertools.combinations_with_replacement(weakest_first, 2):
        assert Level.strictest(one, other) is Level.strictest(other, one) is other
        assert one.strictness <= other.strictness
    assert Level.strictest() is Level.NEVER

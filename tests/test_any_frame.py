"""Frames of every type times thirteen pipelines: no answer differs from the estimator's.

`make frames` tries 2,000; these are the first of them.
"""

import pytest

from tests.support.any_frame import PIPELINES, tried

EXAMPLES = 40


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("first", range(0, EXAMPLES, len(PIPELINES)))
def test_the_answer_is_the_estimator_s_or_packing_refuses(first: int) -> None:
    for seed in range(first, first + len(PIPELINES)):
        found = tried(seed)
        assert found.outcome in ("equal", "refused", "unfit"), found.about

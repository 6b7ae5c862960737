"""The pipeline: all preprocessing inside, and the published example."""

import numpy as np

from training.sensor_example import data, pipeline


def test_preprocessing_is_fitted_in_training_and_not_on_a_request() -> None:
    readings = data.read(data.DEFAULT)
    model = pipeline.build().fit(readings.inputs, readings.target)
    shifted = readings.inputs[:100] * 3 + 5
    together = model.predict(shifted)
    alone = [model.predict(row[np.newaxis])[0] for row in shifted]
    assert together.tolist() == alone


def test_the_published_example_is_the_one_of_the_readme() -> None:
    assert pipeline.EXAMPLE_INPUTS == ((1, 1), (2, -1), (3, 0))
    assert pipeline.EXAMPLE_CLASSES == (0.0, 1.0, 1.0)


def test_it_is_unfitted_and_fresh_each_time() -> None:
    assert pipeline.build() is not pipeline.build()
    assert not hasattr(pipeline.build(), "classes_")

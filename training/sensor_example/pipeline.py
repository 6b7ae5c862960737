"""The model found in the notebook, with all preprocessing inside it, so that it is served, too."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

NAME = "sensors"

# The published example: each fitted model must predict it, and it heads the golden rows.
EXAMPLE_INPUTS = ((1.0, 1.0), (2.0, -1.0), (3.0, 0.0))
EXAMPLE_CLASSES = (0.0, 1.0, 1.0)


def build() -> Pipeline:
    """The unfitted pipeline; it takes an array of shape (rows, 2)."""
    return make_pipeline(StandardScaler(), LogisticRegression())

"""Models that other releases of scikit-learn saved, with the predictions of these releases."""

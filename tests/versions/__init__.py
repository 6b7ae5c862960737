"""Models that other releases of scikit-learn saved, each asked in the release that saved it."""

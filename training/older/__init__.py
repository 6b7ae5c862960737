"""Migrates models that another scikit-learn saved to the installed one.

A migrated model is only published if it predicts the same as the scikit-learn that saved it, which
runs in an environment of its own. Read in this order: `names.py` (classes that were renamed or
removed), `migrations.py` (attributes that changed) with `samme_r.py` (AdaBoost up to 1.5),
`loading.py` (applies both while it reads the file), `environment.py` (installs the old
scikit-learn), `answers.py` (the program that predicts with it), `proof.py` (compares the
predictions), `lock.py` and `saved.py` (serve a model with the old scikit-learn, if the installed
one predicts differently), `unversioned.py` (files that name no release).
"""

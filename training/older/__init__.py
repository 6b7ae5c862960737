"""Models that another scikit-learn saved, brought into the one that is installed here.

Nothing is taken on trust: the scikit-learn that saved the model says what is right, in an
environment of its own, and only a model whose answers are the same is published. Read in this
order: `names.py` (classes that had another name or are gone), `migrations.py` (attributes that had
another form) with `samme_r.py` (AdaBoost up to 1.5), `loading.py` (both while the file is read),
`environment.py` (the old scikit-learn, installed beside this one), `answers.py` (the program that
asks it), `proof.py` (the comparison), `lock.py` and `saved.py` (the old scikit-learn serves the
model itself, where today's would answer otherwise), `unversioned.py` (files that name no release).
"""

"""Estimators of the kinds that users have, by name; each is fitted on demand."""

from collections.abc import Callable

import numpy as np
from sklearn import datasets
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OrdinalEncoder,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.support.model_cases import (
    NUMBERS,
    ModelCase,
    boosting,
    codes,
    encoded,
    logistic,
    machines,
    names,
    native_categories,
    on_arrays,
    on_machines,
    several_classes,
    several_labels,
    text_in_a_frame,
    text_model,
)

iris, wine, cancer = datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer
diabetes, digits, linnerud = datasets.load_diabetes, datasets.load_digits, datasets.load_linnerud
small = {"n_estimators": 10, "random_state": 0}

MODEL_CASES: dict[str, Callable[[], ModelCase]] = {
    "logistic regression, string labels": lambda: on_arrays(logistic(), iris, names),
    "linear discriminant analysis": lambda: on_arrays(LinearDiscriminantAnalysis(), wine),
    "support vectors without probabilities": lambda: on_arrays(SVC(), iris, names),
    "linear support vectors, two classes": lambda: on_arrays(
        make_pipeline(StandardScaler(), LinearSVC()), cancer, names
    ),
    "support vector regression": lambda: on_arrays(SVR(), diabetes),
    "nearest neighbours": lambda: on_arrays(KNeighborsClassifier(), iris),
    "nearest neighbours, regression": lambda: on_arrays(KNeighborsRegressor(), diabetes),
    "random forest": lambda: on_arrays(RandomForestClassifier(n_jobs=2, **small), wine),
    "random forest, regression": lambda: on_arrays(RandomForestRegressor(**small), diabetes),
    "extra trees on 64 columns": lambda: on_arrays(ExtraTreesClassifier(**small), digits),
    "gradient boosting": lambda: on_arrays(GradientBoostingClassifier(**small), cancer),
    "histogram boosting": lambda: on_arrays(boosting(), iris, names),
    "histogram boosting, counts": lambda: on_arrays(
        HistGradientBoostingRegressor(loss="poisson", max_iter=20, random_state=0), diabetes
    ),
    "naive Bayes": lambda: on_arrays(GaussianNB(), wine, names),
    "neural network": lambda: on_arrays(
        make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=2000, random_state=0)), iris
    ),
    "ridge regression": lambda: on_arrays(Ridge(), diabetes),
    "one feature": lambda: ModelCase(
        LinearRegression().fit(machines()[["age_years"]].to_numpy(), machines().hours_left),
        machines()[["age_years"]],
    ),
    "transformed target": lambda: on_arrays(
        TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1), diabetes
    ),
    "transformed features": lambda: on_arrays(
        make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(max_iter=5000)), iris
    ),
    "several outputs": lambda: on_arrays(LinearRegression(), linnerud),
    "several classes": several_classes,
    "several labels": several_labels,
    "voting": lambda: on_arrays(
        VotingClassifier([("a", logistic()), ("b", GaussianNB())], voting="soft"), iris, names
    ),
    "stacking": lambda: on_arrays(
        StackingClassifier([("a", logistic()), ("b", GaussianNB())], logistic()), iris
    ),
    "calibrated": lambda: on_arrays(CalibratedClassifierCV(LinearSVC()), wine, names),
    "grid search": lambda: on_arrays(
        GridSearchCV(logistic(), {"logisticregression__C": [0.1, 1]}, scoring="accuracy"), iris
    ),
    "splines": lambda: on_arrays(make_pipeline(SplineTransformer(), Ridge()), diabetes),
    "features chosen by their information": lambda: on_arrays(
        make_pipeline(SelectKBest(mutual_info_classif, k=2), logistic()), iris
    ),
    "halved clusters": lambda: on_arrays(BisectingKMeans(3, n_init=2, random_state=0), iris),
    "isotonic regression": lambda: ModelCase(
        IsotonicRegression().fit(machines()[["age_years"]].to_numpy(), machines().hours_left),
        machines()[["age_years"]],
    ),
    "booleans in an array": lambda: ModelCase(
        GaussianNB().fit(machines()[["guarded"]].to_numpy(), machines().fails),
        machines()[["guarded"]],
    ),
    "boolean labels": lambda: on_arrays(
        DecisionTreeClassifier(max_depth=3), cancer, lambda data: data.target == 1
    ),
    "float labels": lambda: on_arrays(logistic(), cancer, lambda data: data.target * 1.0),
    "outliers": lambda: on_arrays(IsolationForest(**small), wine),
    "clusters": lambda: on_arrays(KMeans(3, n_init=2, random_state=0), iris),
    "text": text_model,
    "mixed table, open categories": lambda: on_machines(
        make_pipeline(encoded("ignore"), LogisticRegression())
    ),
    "mixed table, closed categories": lambda: on_machines(
        make_pipeline(encoded("error"), LogisticRegression())
    ),
    "mixed table, ordinal codes": lambda: on_machines(
        make_pipeline(
            encoded("use_encoded_value", OrdinalEncoder, unknown_value=-1),
            RandomForestClassifier(**small),
        )
    ),
    "mixed table, regression": lambda: on_machines(
        make_pipeline(encoded("ignore"), Ridge()), target="hours_left"
    ),
    "numbers and booleans of the mixed table": lambda: on_machines(
        boosting(), columns=[*NUMBERS, "guarded"]
    ),
    "native categories": native_categories,
    "text within a frame": text_in_a_frame,
    "codes as categories": codes,
}

"""Estimators of one's own, whose attributes and predictions have unusual types."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.linear_model import LinearRegression, LogisticRegression


class Own(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A logistic regression; `classes_` is an array."""

    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
        self.inner_ = LogisticRegression().fit(np.asarray(X, dtype=float), y)
        self.classes_ = self.listed(self.inner_.classes_)
        return self

    def listed(self, labels: Any) -> Any:
        return labels

    def predict(self, X: Any) -> Any:  # noqa: N803
        return self.inner_.predict(np.asarray(X, dtype=float))

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        return self.inner_.predict_proba(np.asarray(X, dtype=float))


class ListOfClasses(Own):
    def listed(self, labels: Any) -> Any:
        return labels.tolist()


class TupleOfClasses(Own):
    def listed(self, labels: Any) -> Any:
        return tuple(labels.tolist())


class IndexOfClasses(Own):
    def listed(self, labels: Any) -> Any:
        return pd.Index(labels)


class SeriesOfClasses(Own):
    def listed(self, labels: Any) -> Any:
        return pd.Series(labels, index=[7] * len(labels))


class SetOfClasses(Own):
    def listed(self, labels: Any) -> Any:
        return set(labels.tolist())


class DictOfClasses(Own):
    def listed(self, labels: Any) -> Any:
        return dict(enumerate(labels.tolist()))


class OneClassMore(Own):
    def listed(self, labels: Any) -> Any:
        return [*labels.tolist(), "more"]


class NoClasses(Own):
    def listed(self, labels: Any) -> Any:
        return None


class ReturnsList(Own):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return super().predict(X).tolist()


class ReturnsSeries(Own):
    def predict(self, X: Any) -> Any:  # noqa: N803
        labels = super().predict(X)
        return pd.Series(labels, index=np.arange(len(labels))[::-1])


class ReturnsFrame(Own):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return pd.DataFrame({"y": super().predict(X)})


class ReturnsCategorical(Own):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return pd.Categorical(super().predict(X))


class ReturnsOneLess(Own):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return super().predict(X)[:-1]


class ReturnsNothing(Own):
    def predict(self, X: Any) -> Any:  # noqa: N803
        super().predict(X)


class ReturnsIterator(Own):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return iter(super().predict(X).tolist())


class FrameOfProbabilities(Own):
    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        return pd.DataFrame(super().predict_proba(X), columns=self.classes_)


class ListOfProbabilities(Own):
    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        return super().predict_proba(X).tolist()


class OneProbability(Own):
    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        return super().predict_proba(X)[:, 1]


class NoProbabilities(Own):
    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        raise NotImplementedError("ask for labels")


class ReadsColumns(Own):
    """Takes a frame, and does not record the names of its columns."""

    def predict(self, X: Any) -> Any:  # noqa: N803
        return super().predict(X[["a", "b"]])

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        return super().predict_proba(X[["a", "b"]])


class IndexOfNames(Own):
    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
        self.feature_names_in_, self.n_features_in_ = pd.Index(X.columns), np.int64(2)
        return super().fit(X, y)


class Plain:
    """Not derived from a class of scikit-learn."""

    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
        self.inner = LogisticRegression().fit(np.asarray(X, dtype=float), y)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        return self.inner.predict(np.asarray(X, dtype=float))


class Numbers(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
        self.inner_ = LinearRegression().fit(np.asarray(X, dtype=float), y)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        return self.inner_.predict(np.asarray(X, dtype=float)).tolist()


class ColumnOfNumbers(Numbers):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return [[value] for value in super().predict(X)]


class NullableNumbers(Numbers):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return pd.Series(super().predict(X)).round().astype("Int64")


class NumbersAndText(Numbers):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return [1 if value > 0 else "low" for value in super().predict(X)]


class Objects(Numbers):
    def predict(self, X: Any) -> Any:  # noqa: N803
        return [{"value": value} for value in super().predict(X)]


class Select(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The first step of a pipeline, which then does not record its columns either."""

    def fit(self, X: Any, y: Any = None) -> Any:  # noqa: N803
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Any) -> Any:  # noqa: N803
        return X[["a", "b"]]


class DependsOnOthers(LogisticRegression):  # type: ignore[misc]
    """Its labels are the other ones if a number of the call is far outside of the sample."""

    def predict(self, X: Any) -> Any:  # noqa: N803
        labels = super().predict(X)
        return labels if np.abs(np.asarray(X)).max() < 1000 else self.classes_[0] + labels * 0

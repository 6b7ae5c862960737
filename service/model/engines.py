"""One interface for the two engines: scikit-learn and ONNX Runtime.

Importing the libraries takes most of the time of a start, so `load` imports them, after the
artifact has been verified. With ONNX Runtime, scikit-learn, SciPy, joblib and pandas are not
imported, and nothing is unpickled.
"""

import json
import warnings
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.model import audit, frames, outputs
from service.model.artifact import ONNX
from service.model.own_code import NONE, OwnCode
from service.model.signature import Signature

Column = NDArray[Any]
CONFIDENT = "confident"  # an input of an ONNX model: whether to compute its second output
CODES = "slipway.codes"  # a key in an ONNX model's metadata: the categories of each encoded input
ROWS = "slipway.rows"  # a key in its metadata: the most rows of one call, to limit the memory
FACTOR_FUSION = "MatMulScaleFusion"  # it rounds factors beside a product to float32
OUTPUT_DTYPES = {"number": np.float64, "integer": np.int64, "boolean": np.bool_}


class Engine(Protocol):
    """A loaded model. Columns are one-dimensional, equally long and in the signature's order."""

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        """One array of shape (rows,) for each output."""

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        """Probabilities or scores of each output, of shape (rows,) or (rows, labels)."""


class ScikitLearn:
    """A fitted estimator, which gets rows in the container that it was fitted on."""

    def __init__(self, estimator: Any, signature: Signature) -> None:
        self.estimator = estimator
        self.signature = signature
        self.width = len(signature.outputs)
        self._all_floats = all(column.dtype == "float64" for column in signature.inputs)
        self._takes_none = any(column.null == "none" for column in signature.inputs)

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        """`estimator.predict`, output by output."""
        values = outputs.as_arrays(self.estimator.predict(self.contained(columns)))
        return [values.ravel()] if self.width == 1 else list(values.T)

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        """`estimator.predict_proba`, or else `decision_function`, output by output."""
        rows = self.contained(columns)
        if self.signature.confidence == "probabilities":
            found = self.estimator.predict_proba(rows)
        else:
            found = self.estimator.decision_function(rows)
        values = outputs.as_arrays(found)
        if isinstance(values, list):
            return values
        if self.width == 1:
            return [values]
        described = outputs.described_label(self.estimator)
        if self.signature.confidence != "probabilities" or described is None:
            return list(values.T)
        return [
            outputs.of_both_labels(column, described) if output.labels else column
            for column, output in zip(values.T, self.signature.outputs, strict=True)
        ]

    def contained(self, columns: Sequence[Column]) -> Any:
        """The columns as an array, a DataFrame or a list of values, by the signature."""
        if self.signature.container == "list":
            return columns[0]
        if self.signature.container == "frame":
            import pandas as pd  # imported late: only models that were fitted on a frame need it

            if self._all_floats:  # from one array, a wide DataFrame takes half the time
                values = np.array(columns, dtype=np.float64).T
                return pd.DataFrame(values, columns=list(self.signature.names), copy=False)
            return frames.frame(self.signature.inputs, columns)
        if self._takes_none:
            columns = [
                frames.with_none(values) if one.null == "none" else values
                for one, values in zip(self.signature.inputs, columns, strict=True)
            ]
        return np.column_stack(columns)


class Guarded:
    """An engine that refuses side effects of its model's predictions (`audit.call`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        """Like the engine; EffectError if the model attempts a side effect."""
        return audit.call(self._engine.predict, columns)

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        """Like the engine; EffectError if the model attempts a side effect."""
        return audit.call(self._engine.confidence, columns)


class Codes(dict[Any, float]):
    """The code of each category: its position, then one for other values, then one for null."""

    def __init__(self, categories: Sequence[Any]) -> None:
        super().__init__({value: float(code) for code, value in enumerate(categories)})
        self.other = float(len(categories))

    def __missing__(self, value: Any) -> float:
        """The code of a value that is not a category."""
        return self.other if value == value else self.other + 1  # NaN is null


class OnnxRuntime:
    """A converted model. Its input is one matrix of float64, with a column for each input.

    It starts no thread, so that workers can be forked from the process that loaded it.
    """

    def __init__(self, content: bytes, signature: Signature) -> None:
        """Read a model that `onnx_check.check` has passed."""
        import onnxruntime  # imported late: it takes long

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry(
            "session.load_model_format", "ONNX"
        )  # the format that was checked
        options.log_severity_level = 4  # errors are raised; do not write them to stderr as well
        self.session = onnxruntime.InferenceSession(
            content,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[FACTOR_FUSION],
        )
        self.run_options = onnxruntime.RunOptions()
        self.signature = signature
        if any("seq" in output.type for output in self.session.get_outputs()):
            raise ValueError("it returns lists of different lengths")
        self.input, *others = [given.name for given in self.session.get_inputs()]
        self.confident_inputs: list[dict[str, Any]] = [
            {name: np.array(confident) for name in others if name == CONFIDENT}
            for confident in (False, True)
        ]
        self.outputs = [output.name for output in self.session.get_outputs()]
        more = self.session.get_modelmeta().custom_metadata_map
        known: Mapping[str, list[Any]] = json.loads(more[CODES])
        self.most_rows = max(0, int(more.get(ROWS, 0)))
        self.dtypes = [
            np.dtype(OUTPUT_DTYPES.get(output.kind, np.object_)) for output in signature.outputs
        ]
        self.codes = [Codes(known[name]) if name in known else None for name in signature.names]

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        """The model's first output, split into the outputs of the signature."""
        found = self._run(0, columns)
        is_one = len(self.signature.outputs) == 1
        split = [found.ravel() if found.ndim > 1 else found] if is_one else found.T
        return [
            values if values.dtype == wanted else values.astype(wanted)
            for wanted, values in zip(self.dtypes, split, strict=True)
        ]

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        """The model's second output: probabilities, or scores."""
        found = self._run(1, columns).astype(np.float64, copy=False)
        if len(self.signature.outputs) > 1:
            return self._split(found)
        labels = self.signature.outputs[0].labels
        if self.signature.confidence == "scores" and len(labels or ()) <= 2:
            return [found.reshape(len(found), -1)[:, -1]]  # one number, as in scikit-learn
        return [found]

    def _split(self, found: Column) -> list[Column]:
        """One array for each output: its labels' columns, or its one column."""
        ends = np.cumsum([len(output.labels or ()) for output in self.signature.outputs])
        if found.shape[1] == ends[-1]:
            return list(np.split(found, ends[:-1], axis=1))
        return list(found.T)

    def _run(self, output: int, columns: Sequence[Column]) -> Column:
        count = len(columns[0])
        if 0 < self.most_rows < count:
            parts = [slice(at, at + self.most_rows) for at in range(0, count, self.most_rows)]
            return np.concatenate(
                [self._run_part(output, [one[part] for one in columns]) for part in parts]
            )
        return self._run_part(output, columns)

    def _run_part(self, output: int, columns: Sequence[Column]) -> Column:
        rows = np.empty((len(columns[0]), len(columns)))
        for place, (codes, column) in enumerate(zip(self.codes, columns, strict=True)):
            if codes is not None:
                rows[:, place] = list(map(codes.__getitem__, column.tolist()))
            else:
                rows[:, place] = column
        try:
            given = {self.input: rows, **self.confident_inputs[output]}
            [found] = self.session.run([self.outputs[output]], given, self.run_options)
        except RuntimeError as error:  # ONNX Runtime's errors are RuntimeErrors
            raise ValueError(f"{type(error).__name__} of ONNX Runtime") from error
        return found if isinstance(found, np.ndarray) else np.asarray(found)


def prepare(engine: str, signature: Signature | None = None) -> None:
    """Make libraries do their one-time work, because side effects are refused while a model is
    loaded (`audit.py`)."""
    if engine == ONNX:
        import onnxruntime  # noqa: F401

        return
    import joblib.numpy_pickle
    import sklearn  # noqa: F401  # it sets environment variables

    from service.model import unpickling  # noqa: F401

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        joblib.cpu_count(only_physical_cores=True)  # the first call starts a process
    with suppress(ImportError):  # scikit-learn before 1.9 does not use narwhals
        from narwhals.stable.v2.dependencies import is_into_dataframe

        is_into_dataframe(0)  # called for each input; the first call searches for plugins
    with _threadpools().limit(limits=1):
        pass  # the first call opens the native libraries and looks up their functions
    if signature is not None and signature.container == "frame":
        import pandas  # noqa: F401


def _threadpools() -> Any:
    """scikit-learn's controller of the threads of native libraries."""
    try:
        from sklearn.utils.parallel import _get_threadpool_controller
    except ImportError:  # before 1.5
        from sklearn.utils.fixes import _get_threadpool_controller
    return _get_threadpool_controller()


def load(
    engine: str,
    signature: Signature,
    content: bytes,
    trusted: Collection[str] = (),
    code: OwnCode = NONE,
) -> Engine:
    """Load a model from verified bytes; see `unpickling.load` for the errors of a pickle.

    Only models without trusted names are guarded: trusted code may have side effects while it
    predicts, and ONNX Runtime has none. The code that an artifact brings is guarded, too.
    """
    if engine == ONNX:
        return OnnxRuntime(content, signature)
    from service.model import unpickling  # not needed for ONNX Runtime

    estimator = unpickling.load(content, trusted, code)
    if not hasattr(estimator, "predict"):
        raise ValueError(f"holds a {type(estimator).__name__}, which has no predict")
    loaded = ScikitLearn(estimator, signature)
    return loaded if trusted else Guarded(loaded)

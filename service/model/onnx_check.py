"""Refuses an ONNX model that could do more than compute, before ONNX Runtime reads it.

A model may have the fields and operators that training/ and skl2onnx write for scikit-learn's
estimators. It may not refer to other files, define functions, or loop; `If` is the only operator
with subgraphs. The lists were collected from all estimators that can be converted;
tests/test_onnx_check.py collects them again.
"""

from collections.abc import Set

from service.model.onnx_wire import BYTES, FIXED32, VARINT, WireError, fields

MAX_GRAPH_DEPTH = 8  # graphs within graphs


class OnnxError(ValueError):
    """The model has something that is not allowed; the text is one line."""


# By message: the numbers of the allowed fields, with their wire types. Any other field is refused,
# such as ModelProto.functions (25) and training_info (20), TensorProto.external_data (13) and
# data_location (14), GraphProto.sparse_initializer (15). See onnx.proto.
MESSAGES: dict[str, dict[int, int]] = {
    "ModelProto": {1: VARINT, 5: VARINT, **dict.fromkeys((2, 3, 4, 6, 7, 8, 14), BYTES)},
    "OperatorSetIdProto": {1: BYTES, 2: VARINT},
    "GraphProto": dict.fromkeys((1, 2, 5, 11, 12), BYTES),
    "NodeProto": dict.fromkeys((1, 2, 3, 4, 5, 7), BYTES),
    "ValueInfoProto": dict.fromkeys((1, 2), BYTES),
    "AttributeProto": {
        **{2: FIXED32, 3: VARINT, 7: FIXED32, 8: VARINT, 20: VARINT},
        **dict.fromkeys((1, 4, 5, 6, 9), BYTES),
    },
    "TensorProto": {1: VARINT, 2: VARINT, **dict.fromkeys((4, 5, 6, 7, 8, 9, 10), BYTES)},
}
PACKED = {("TensorProto", 1), ("AttributeProto", 7), ("AttributeProto", 8)}  # also as BYTES
Message = dict[int, list[memoryview]]

OPERATORS: dict[str, frozenset[str]] = {
    "": frozenset(
        {
            "Abs", "Add", "ArgMax", "ArgMin", "Cast", "Clip", "Concat", "Constant",
            "ConstantOfShape", "CumSum", "Div", "Equal", "Exp", "Flatten",
            "Gather", "GatherElements", "Gemm", "Greater", "GreaterOrEqual", "Identity",
            "If", "IsNaN", "Less", "LessOrEqual", "Log", "LpNormalization", "MatMul",
            "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "ReduceLogSumExp", "ReduceMax",
            "ReduceMean", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu", "Reshape",
            "Shape", "Sigmoid", "Sign", "Slice", "Softmax", "Sqrt", "Sub", "Sum",
            "Tanh", "TopK", "Transpose", "Where",
        }
    ),
    "ai.onnx.ml": frozenset(
        {
            "ArrayFeatureExtractor", "OneHotEncoder", "SVMClassifier", "SVMRegressor",
            "TreeEnsemble",
        }
    ),
}  # fmt: skip


ORT_FORMAT = b"ORTM"  # with these bytes ONNX Runtime reads any content as its own format
CONSTANT = (b"Constant",)
FROM_SHAPES = (b"Shape", b"Size")  # their result is constant if the shape of their input is fixed


def check(content: bytes) -> bool:
    """Whether ONNX Runtime may compute something when it reads the model: it computes nodes that
    depend on no input. OnnxError if the model has something that is not allowed.
    """
    if content[4:8] == ORT_FORMAT:
        raise OnnxError("is a model in the format of ONNX Runtime, which is not allowed")
    try:
        model = _message("ModelProto", memoryview(content))
        for used in model.get(8, ()):
            _check_domain(_text(_message("OperatorSetIdProto", used), 1))
        return _graph(_one(model, 7), frozenset(), 0)
    except WireError as error:
        raise OnnxError(f"is damaged, or no ONNX model: it {error}") from error


def _graph(content: memoryview, outside: Set[bytes], depth: int) -> bool:
    """Whether a node of this graph depends on no input.

    `outside` are the names of outer graphs that depend on an input.
    """
    if depth > MAX_GRAPH_DEPTH:
        raise OnnxError(f"has more than {MAX_GRAPH_DEPTH} graphs within each other")
    graph = _message("GraphProto", content)
    known = {bytes(_one(_message("TensorProto", one), 8)) for one in graph.get(5, ())}
    dependent = {*outside, *(bytes(_one(_value(one), 1)) for one in graph.get(11, ()))} - known
    computes = False
    for one in graph.get(1, ()):
        node = _message("NodeProto", one)
        operator = _checked_operator(node)
        for attribute in node.get(5, ()):
            inner = _message("AttributeProto", attribute)
            for tensor in inner.get(5, ()):
                _message("TensorProto", tensor)
            if 6 in inner:
                computes |= _graph(_one(inner, 6), dependent, depth + 1)
        if dependent.isdisjoint(map(bytes, node.get(1, ()))):
            computes |= operator not in CONSTANT
        elif operator not in FROM_SHAPES:
            dependent.update(map(bytes, node.get(2, ())))
    return computes


def _checked_operator(node: Message) -> bytes:
    operator, domain = _text(node, 4), _text(node, 7)
    _check_domain(domain)
    if operator not in OPERATORS[domain]:
        name = f"{domain}.{operator}" if domain else operator
        raise OnnxError(f"uses the operator {name[:80]!r}, which is not allowed")
    return operator.encode()


def _check_domain(domain: str) -> None:
    if domain not in OPERATORS:
        raise OnnxError(f"uses operators of {domain[:80]!r}, which are not allowed")


def _message(name: str, content: memoryview) -> Message:
    """The values of each field, by its number; a field that is not listed is refused."""
    listed = MESSAGES[name]
    found: Message = {}
    for number, kind, value in fields(content, runs=name == "AttributeProto"):
        wanted = listed.get(number)
        if wanted is None:
            raise OnnxError(f"has the field {number} of {name}, which is not allowed")
        if kind != wanted and not (kind == BYTES and (name, number) in PACKED):
            raise WireError(f"has another type in the field {number} of {name}")
        if kind == BYTES:
            found.setdefault(number, []).append(value)
    return found


def _value(content: memoryview) -> Message:
    """A ValueInfoProto. Only its name is used here; ONNX Runtime reads its type."""
    return _message("ValueInfoProto", content)


def _one(message: Message, number: int) -> memoryview:
    """The value of a field that must not be repeated: readers differ in how they combine values."""
    found = message.get(number, [])
    if len(found) > 1:
        raise WireError(f"has the field {number} several times")
    return found[0] if found else memoryview(b"")


def _text(message: Message, number: int) -> str:
    return bytes(_one(message, number)).decode("utf-8", "replace")

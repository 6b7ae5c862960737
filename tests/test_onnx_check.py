"""What an ONNX model may hold: what the converters write, and nothing else."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from service.model.engines import CODES, OnnxRuntime
from service.model.onnx_check import OnnxError, check
from tests.test_engines import signature

FLOATS = TensorProto.DOUBLE

Change = Callable[[onnx.ModelProto], object]


def model(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    """One matrix in, one out."""
    graph = helper.make_graph(
        list(nodes) or [helper.make_node("Abs", ["rows"], ["out"])],
        "graph",
        [helper.make_tensor_value_info("rows", FLOATS, [None, 2])],
        [helper.make_tensor_value_info("out", FLOATS, None)],
        [helper.make_tensor("two", FLOATS, [2], [1.0, 2.0])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def branch(name: str, *nodes: onnx.NodeProto) -> onnx.GraphProto:
    return helper.make_graph(
        list(nodes), name, [], [helper.make_tensor_value_info("inner", FLOATS, None)]
    )


def if_(node: onnx.NodeProto) -> onnx.NodeProto:
    """The node in one of both branches."""
    other = helper.make_node("Abs", ["rows"], ["inner"])
    return helper.make_node(
        "If", ["rows"], ["out"], then_branch=branch("a", node), else_branch=branch("b", other)
    )


def refusal(content: bytes) -> str:
    with pytest.raises(OnnxError) as refused:
        check(content)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def external(made: onnx.ModelProto) -> None:
    tensor = made.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/hostname"
    del tensor.double_data[:]


def external_attribute(made: onnx.ModelProto) -> None:
    value = helper.make_tensor("value", FLOATS, [1], [1.0])
    value.external_data.add().key = "location"
    made.graph.node.add().CopyFrom(helper.make_node("Constant", [], ["c"], value=value))


def function(made: onnx.ModelProto) -> None:
    node = helper.make_node("Abs", ["a"], ["b"])
    opset = [helper.make_opsetid("", 18)]
    made.functions.append(helper.make_function("own", "Own", ["a"], ["b"], [node], opset))


CHANGES: dict[str, tuple[Change, str]] = {
    "data in another file": (external, "TensorProto"),
    "an attribute in another file": (external_attribute, "TensorProto"),
    "functions": (function, "field 25 of ModelProto"),
    "training": (lambda made: made.training_info.add(), "field 20 of ModelProto"),
    "sparse data": (lambda made: made.graph.sparse_initializer.add(), "field 15 of GraphProto"),
    "another domain": (lambda made: made.opset_import.add(domain="own", version=1), "'own'"),
    "many graphs in an attribute": (
        lambda made: made.graph.node[0].attribute.add().graphs.add(),
        "field 11 of AttributeProto",
    ),
    "an overload": (lambda made: setattr(made.graph.node[0], "overload", "x"), "of NodeProto"),
}
NODES = {
    "a loop": helper.make_node("Loop", ["", "rows"], ["out"], body=branch("body")),
    "a scan": helper.make_node("Scan", ["rows"], ["out"], body=branch("body"), num_scan_inputs=1),
    "an operator of another vendor": helper.make_node(
        "Solve", ["rows"], ["out"], domain="com.microsoft"
    ),
    "an operator of no converter": helper.make_node("RandomNormalLike", ["rows"], ["out"]),
    "one by the long name of the domain": helper.make_node("Abs", ["rows"], [], domain="ai.onnx"),
    "one inside of a branch": if_(helper.make_node("Tile", ["rows", "two"], ["inner"])),
    "a loop deep inside": if_(if_(if_(helper.make_node("Loop", [], [], body=branch("body"))))),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_no_converter_writes_is_refused(name: str) -> None:
    change, message = CHANGES[name]
    made = model()
    assert check(made.SerializeToString()) is False
    change(made)
    assert message in refusal(made.SerializeToString())


@pytest.mark.parametrize("name", NODES)
def test_an_operator_that_is_not_listed_is_refused(name: str) -> None:
    assert "which" in refusal(model(NODES[name]).SerializeToString())


def test_graphs_within_graphs_have_an_end() -> None:
    node = helper.make_node("Abs", ["rows"], ["inner"])
    for _ in range(20):
        node = if_(node)
    assert "8 graphs" in refusal(model(node).SerializeToString())


def test_a_second_name_does_not_hide_the_first() -> None:
    """A reader takes the last one, or joins them."""
    good = model().SerializeToString()
    name = b"\x22\x03Abs"
    assert good.count(name) == 1
    size = model().graph.node[0].ByteSize()
    longer = good.replace(name, b"\x22\x04Loop" + name)
    longer = longer.replace(bytes([0x0A, size]), bytes([0x0A, size + 6]), 1)
    graph = model().graph.ByteSize()
    longer = longer.replace(bytes([0x3A, graph]), bytes([0x3A, graph + 6]), 1)
    read = onnx.load_from_string(longer)
    assert [node.op_type for node in read.graph.node] == ["Abs"]
    assert "several times" in refusal(longer)


def test_a_model_is_read_in_the_format_that_was_checked() -> None:
    text = b"\0ORTM" + bytes(123)  # the name of a producer with the mark of another format
    one = model()
    one.ir_version = 8
    content = b"\x12\x80\x01" + text + one.SerializeToString()
    assert "the format of ONNX Runtime" in refusal(content)
    made = signature("array", {"a": "float64", "b": "float64"})
    with pytest.raises(KeyError, match=CODES):  # read as ONNX; as the other format, it is damaged
        OnnxRuntime(content, made)


def test_any_content_is_read_or_refused() -> None:
    good = model(if_(helper.make_node("Neg", ["rows"], ["inner"]))).SerializeToString()
    for end in range(len(good)):
        with suppress(OnnxError):
            check(good[:end])
    for place in range(len(good)):
        for flipped in (0x01, 0x08, 0x80, 0xFF):
            with suppress(OnnxError):
                check(good[:place] + bytes([good[place] ^ flipped]) + good[place + 1 :])
    for content in (b"\xff" * 20, b"\x08" + b"\x80" * 11, b"\x0b", b"\x00\x00"):
        refusal(content)


@pytest.mark.parametrize(
    ("nodes", "computes"),
    [
        ([("Neg", "rows", "out")], False),
        ([("Neg", "two", "a"), ("Add", "a", "out")], True),
        ([("Shape", "rows", "a"), ("ConstantOfShape", "a", "out")], True),
        ([("Neg", "rows", "a"), ("Neg", "a", "out")], False),
    ],
)
def test_it_detects_nodes_that_depend_on_no_input(
    nodes: list[tuple[str, str, str]], computes: bool
) -> None:
    made = model(*(helper.make_node(kind, [given], [out]) for kind, given, out in nodes))
    assert check(made.SerializeToString()) is computes


def test_a_model_that_is_refused_is_no_artifact(
    own_artifact: Path, edit_manifest: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Even if its digest and version are right."""
    import hashlib
    import json

    from service.__main__ import main
    from service.model.manifest import Manifest
    from service.model.version import content_version

    path = own_artifact / "model.onnx"
    made = onnx.load_from_string(path.read_bytes())
    external(made)
    content = made.SerializeToString()
    path.write_bytes(content)
    manifest = json.loads((own_artifact / "manifest.json").read_text())
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    manifest["files"]["model.onnx"] = entry
    edit_manifest(lambda old: old.update(manifest))
    changed = Manifest.from_json((own_artifact / "manifest.json").read_text())
    edit_manifest(lambda old: old.update(version=content_version(changed)))
    assert main(["check", str(own_artifact)]) == 65
    [line] = capsys.readouterr().err.splitlines()
    assert "model.onnx: has the field 1" in line

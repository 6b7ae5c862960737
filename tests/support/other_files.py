"""Files that are not models, written by their libraries; without the library, their first bytes."""

import base64
import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import joblib
import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
from PIL import Image
from sklearn.linear_model import LinearRegression

TABLE = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
HTML = b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>\n"
XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@cache
def model() -> LinearRegression:
    """A fitted estimator."""
    return LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])


@cache
def dump() -> bytes:
    """The estimator as joblib writes it."""
    return written(joblib.dump, model())


def written(write: Callable[[Any, io.BytesIO], object], content: Any) -> bytes:
    """The bytes that a function writes to a file."""
    file = io.BytesIO()
    write(content, file)
    return file.getvalue()


def zipped(*names: str) -> bytes:
    """An archive of empty files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"{}")
    return file.getvalue()


def tarred() -> bytes:
    """An archive without a model."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("notes.txt"))
    return file.getvalue()


def onnx_model() -> bytes:
    """A model of ONNX."""
    kind = onnx.TensorProto.FLOAT
    ends = [onnx.helper.make_tensor_value_info(name, kind, [1]) for name in "xy"]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    return bytes(onnx.helper.make_model(graph).SerializeToString())


def packed(codec: str) -> bytes:
    """A model that Arrow has compressed."""
    return bytes(pa.Codec(codec).compress(dump(), asbytes=True))


def arrow() -> bytes:
    """A table in a file of Arrow."""
    table = pa.Table.from_pandas(TABLE)
    file = io.BytesIO()
    with pa.ipc.new_file(file, table.schema) as stream:
        stream.write_table(table)
    return file.getvalue()


def others() -> Mapping[str, bytes]:
    """Files by the message about them."""
    picture = Image.new("RGB", (2, 2))
    return {
        "is a pointer of Git LFS, and not the file itself: run git lfs pull": LFS,
        "is a pointer of DVC, and not the file itself: run dvc pull": (
            b"outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 37\n  path: model.joblib\n"
        ),
        "is a web page (HTML)": HTML,
        "is an error in XML, such as S3": XML + b"<Error><Code>AccessDenied</Code></Error>",
        "is PMML": XML + b'<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"/>',
        "is XML": XML + b"<svg/>",
        "is a file of skops": zipped("schema.json", "array_1.npy"),
        "is a file of PyTorch": zipped("archive/data.pkl", "archive/version"),
        "is a model of Keras": zipped("metadata.json", "config.json", "model.weights.h5"),
        "is a table of Excel": zipped("[Content_Types].xml", "xl/workbook.xml"),
        "is an archive of NumPy's arrays": written(lambda it, f: np.savez(f, a=it), np.arange(3)),
        "is an array of NumPy": written(lambda it, file: np.save(file, it), np.arange(3)),
        "is an archive (ZIP): unpack it": zipped("model.joblib"),
        "is an archive (ZIP) that is cut off": zipped("model.joblib")[:40],
        "is an archive (tar): unpack it": tarred(),
        "is compressed with gzip, and what it holds is an archive (tar)": gzip.compress(tarred()),
        "is compressed with gzip, and what it holds is a table": gzip.compress(
            TABLE.to_csv().encode()
        ),
        "is compressed with bzip2, and what it holds is a web page": bz2.compress(HTML),
        "is compressed with xz, and what it holds is text": lzma.compress(b"a model\n"),
        "is compressed with zlib, and what it holds is JSON": zlib.compress(b'{"a": 1}'),
        "is an archive (7-Zip)": b"7z\xbc\xaf\x27\x1c" + bytes(50),
        "is an archive (RAR)": b"Rar!\x1a\x07\x01\x00" + bytes(50),
        "is an ONNX model; packing makes its own": onnx_model(),
        "is compressed with LZ4": packed("lz4")[:-9],
        "is compressed with Zstandard": packed("zstd")[:-9],
        "is HDF5, as Keras and pandas write it": b"\x89HDF\r\n\x1a\n" + bytes(50),
        "is a model in XGBoost's own format (JSON)": (
            b'{"learner":{"attributes":{},"feature_names":[]},"version":[2,1,1]}'
        ),
        "is a model in XGBoost's own format (UBJSON)": (
            b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{L\x00\x00\x00\x00\x00\x00\x00\x0aattributes"
        ),
        "is a model in XGBoost's old binary": b"binf" + bytes(50),
        "is a model in LightGBM's own format": b"tree\nversion=v4\nnum_class=1\n",
        "is a model in CatBoost's own format": b"CBM1\x10\x00\x00\x00" + bytes(50),
        "is a model of TensorFlow Lite": b"\x1c\x00\x00\x00TFL3" + bytes(50),
        "is a model of TensorFlow,": b"\x08\x01\x12\xb9\x05\x0a" + bytes(50),
        "is a file of Safetensors": (
            (59).to_bytes(8, "little")
            + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}     '
            + bytes(4)
        ),
        "is a table in Parquet": written(lambda it, file: it.to_parquet(file), TABLE),
        "is a table of Arrow": arrow(),
        "is a table in text, such as CSV": TABLE.to_csv(index=False).encode(),
        "is a table in text": b"x;y\r\n1,5;2\r\n",
        "is JSON": TABLE.to_json().encode(),
        "is a notebook": b'{\n "cells": [],\n "metadata": {},\n "nbformat": 4\n}\n',
        "is MLflow's description of a model (MLmodel)": (
            b"artifact_path: model\nflavors:\n  sklearn:\n    pickled_model: model.pkl\n"
        ),
        "is source text of Python": b"import joblib\nmodel = joblib.load('x')\n",
        "is text,": "une étude\n".encode(),
        "is text in UTF-16": "a,b\n1,2\n".encode("utf-16"),
        "is a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "is a picture (PNG)": written(lambda it, file: it.save(file, "png"), picture),
        "is a picture (JPEG)": written(lambda it, file: it.save(file, "jpeg"), picture),
        "is a database of SQLite": b"SQLite format 3\x00" + bytes(50),
        "is a program": b"\x7fELF\x02\x01\x01" + bytes(50),
        "is macOS's metadata of another file": b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"
        + bytes(50),
        "is empty: download or copy it again": b"",
        "contains only zeros": bytes(4096),
        "is Base64 of a pickle: decode it": base64.encodebytes(dump()),
        "was changed as if it were text, and": dump().decode("latin-1").encode(),
        "was changed as if it were text": dump().decode(errors="replace").encode(),
        "had its line ends changed": (
            written(joblib.dump, {"a\n": model()}).replace(b"\n", b"\r\n")
        ),
        "is cut off: download or copy it again": dump()[: len(dump()) // 2],
        "is cut off:": gzip.compress(dump())[:-50],
        "is cut off": dump()[:-1],
        "is no pickle": np.random.default_rng(0).bytes(3000),
        "is damaged: download or copy it again": b"\x80\x04\x95" + dump()[10:],
        "holds a dict, which is no scikit-learn estimator": pickle.dumps({"a": 1}),
        "holds a ndarray, which is no scikit-learn": written(joblib.dump, np.arange(100.0)),
        "holds the name sklearn.linear_model._base.LinearRegression, no object": (
            pickle.dumps(LinearRegression)
        ),
    }

"""Recognizes files that are not models, by their first bytes.

The texts complete a sentence that begins with the file's path: what the file is, and what to do.
They never contain any of its content.
"""

import bz2
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

INSPECTED_BYTES = 65_536  # of the file, or of its decompressed content
DUMP = "save the fitted estimator with joblib.dump, and give that file"
AGAIN = "download or copy it again"
ELSE = f"no scikit-learn model: {DUMP}"
UNPACK = "unpack it, and give the model that is in it"
PACKED = (
    "load it with joblib.load, save it with joblib.dump(model, path, compress=3), and give that"
)

# What files of a format begin with; see https://en.wikipedia.org/wiki/List_of_file_signatures.
BINARY: tuple[tuple[bytes, str], ...] = (
    (b"\x04\x22\x4d\x18", f"is compressed with LZ4, which is not read here: {PACKED}"),
    (b"\x28\xb5\x2f\xfd", f"is compressed with Zstandard, which is not read here: {PACKED}"),
    (b"\xff\x06\x00\x00sNaPpY", f"is compressed with Snappy, which is not read here: {PACKED}"),
    (b"\x89HDF\r\n\x1a\n", f"is HDF5, as Keras and pandas write it, and {ELSE}"),
    (b"\x93NUMPY", f"is an array of NumPy (.npy), and {ELSE}"),
    (b"PAR1", f"is a table in Parquet, and {ELSE}"),
    (b"ARROW1", f"is a table of Arrow (.arrow, .feather), and {ELSE}"),
    (b"FEA1", f"is a table of Feather, and {ELSE}"),
    (b"CBM1", f"is a model in CatBoost's own format, and {ELSE}"),
    (b"binf", f"is a model in XGBoost's old binary format, and {ELSE}"),
    (b"GGUF", f"is a language model (GGUF), and {ELSE}"),
    (b"RDX", f"is a file of R, and {ELSE}"),
    (b"MATLAB 5.0", f"is a file of MATLAB, and {ELSE}"),
    (b"\xac\xed\x00\x05", f"is a Java object, and {ELSE}"),
    (b"SQLite format 3\x00", f"is a database of SQLite, and {ELSE}"),
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", f"is a file of PyTorch, and {ELSE}"),
    (b"\x00\x05\x16\x07", "is macOS's metadata of another file: give the one whose name has no ._"),
    (b"%PDF", f"is a PDF, and {ELSE}"),
    (b"\x89PNG", f"is a picture (PNG), and {ELSE}"),
    (b"\xff\xd8\xff", f"is a picture (JPEG), and {ELSE}"),
    (b"GIF8", f"is a picture (GIF), and {ELSE}"),
    (b"\x7fELF", f"is a program, and {ELSE}"),
    (b"MZ", f"is a program, and {ELSE}"),
    (b"Rar!", f"is an archive (RAR): {UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"is an archive (7-Zip): {UNPACK}"),
    (b"PK\x05\x06", "is an empty ZIP archive: save or download the model again"),
    (b"\xff\xfe", f"is text in UTF-16, and {ELSE}"),
    (b"\xfe\xff", f"is text in UTF-16, and {ELSE}"),
    *(
        (mark, "was changed as if it were text, and cannot be repaired: copy it as binary")
        for mark in (b"\xc2\x80", b"\xef\xbf\xbd\x02", b"\xef\xbf\xbd\x03", b"\xef\xbf\xbd\x04",
                     b"\xef\xbf\xbd\x05")
    ),
)  # fmt: skip
# Placeholders for a file that is stored elsewhere, and responses that are not the file.
INSTEAD: tuple[tuple[str, str], ...] = (
    (
        r"version https://git-lfs\.github\.com/spec/",
        "is a pointer of Git LFS, and not the file itself: run git lfs pull",
    ),
    (r"outs:\s*\n- (md5|hash):", "is a pointer of DVC, and not the file itself: run dvc pull"),
    (
        r"(?i)<!doctype html|<html|<head|<body",
        "is a web page (HTML), such as one to sign in or an error in place of a download: download "
        "the file itself",
    ),
    (
        r"(?s)(<\?xml.{0,200})?<Error>",
        "is an error in XML, such as S3 returns in place of a file: download the file itself",
    ),
)
TEXTS: tuple[tuple[str, str], ...] = (
    (
        r"(?s)(?=.*^flavors:)(artifact_path|flavors|databricks_runtime|is_signature)",
        "is MLflow's description of a model (MLmodel): give the folder that it is in",
    ),
    (r"(?s)(<\?xml.{0,200})?<(?i:pmml)", f"is PMML, and {ELSE}"),
    (r"<\?xml|<[a-zA-Z]", f"is XML, and {ELSE}"),
    (r"(?s)\{.*\"learner\"\s*:", f"is a model in XGBoost's own format (JSON), and {ELSE}"),
    (r"(?s)\{.*\"nbformat\"\s*:", f"is a notebook, and {ELSE}"),
    (r"(?s)\{.*\"cells\"\s*:\s*\[", f"is a notebook, and {ELSE}"),
    (r"[\[{]\s*[\[{\"\]}\d-]", f"is JSON, and {ELSE}"),
    (r"tree\nversion=", f"is a model in LightGBM's own format, and {ELSE}"),
    (r"gA[JNSV][A-Za-z0-9+/\n]{20}", "is Base64 of a pickle: decode it, and give the result"),
    (r"#!|(import|from) [A-Za-z_]", f"is source text of Python: run it, {DUMP}"),
    (r"[^\n,;\t|]*[,;\t|][^\n]*\n[^\n]*[,;\t|]", f"is a table in text, such as CSV, and {ELSE}"),
)
ZIPPED: tuple[tuple[str, str], ...] = (
    (r"schema\.json", "is a file of skops: pack it, or load it with skops.io.load, then " + DUMP),
    (r"(.*/)?(data\.pkl|constants\.pkl)", f"is a file of PyTorch, and {ELSE}"),
    (r"model\.weights\.h5", f"is a model of Keras, and {ELSE}"),
    (r"xl/workbook\.xml", f"is a table of Excel, and {ELSE}"),
    (r".*\.npy", f"is an archive of NumPy's arrays (.npz), and {ELSE}"),
    (r"META-INF/MANIFEST\.MF", f"is an archive of Java, and {ELSE}"),
)
COMPRESSED: tuple[tuple[bytes, str, Callable[[bytes], bytes]], ...] = (
    (
        b"\x1f\x8b",
        "gzip",
        lambda content: zlib.decompressobj(31).decompress(content, INSPECTED_BYTES),
    ),
    (b"BZh", "bzip2", lambda content: bz2.BZ2Decompressor().decompress(content, INSPECTED_BYTES)),
    (
        b"\xfd7zXZ",
        "xz",
        lambda content: lzma.LZMADecompressor().decompress(content, INSPECTED_BYTES),
    ),
    (
        b"\x5d\x00",
        "LZMA",
        lambda content: lzma.LZMADecompressor().decompress(content, INSPECTED_BYTES),
    ),
    (b"x", "zlib", lambda content: zlib.decompressobj().decompress(content, INSPECTED_BYTES)),
)
ONNX_FIELDS = (
    b"\x12\x1a\x22\x28\x32\x3a\x42\x72"  # what may stand behind the version, in onnx.proto
)
PICKLE = b"\x80"
OTHER_TEXT = f"is text, and {ELSE}"


def no_file(content: bytes) -> str | None:
    """Why these bytes cannot be a model of any format, and what to do; None if they may be one."""
    if not content:
        return f"is empty: {AGAIN}"
    if not content.strip(b"\0"):
        return f"contains only zeros, as after an incomplete download: {AGAIN}"
    return _text(content, INSTEAD)


def no_pickle(content: bytes) -> str | None:
    """Why a file is not a pickle, and what to do; None if it may be one."""
    found = no_file(content) or _known(content)
    if found is not None:
        return found
    for magic, name, start_of in COMPRESSED:
        if content.startswith(magic):
            inside = _inside(content, start_of)
            if inside is not None:
                found = no_pickle(inside) if inside else None
                return f"is compressed with {name}, and what it holds {found}" if found else None
    if content.endswith((b".", b".\n")):  # as pickles of the first protocol, which are text
        return None
    return _text(content, TEXTS, OTHER_TEXT)


def no_onnx(content: bytes) -> str | None:
    """Why a file is not an ONNX model, and what to do; None if it may be one."""
    if _is_onnx(content):
        return None
    if content.startswith(PICKLE):
        return "is a pickle, and no ONNX model"
    return no_pickle(content)


def not_packed(content: bytes, onnx: bool) -> str | None:
    """Why a file is not the model of an artifact, and what to do; None if it may be one."""
    why = no_file(content)
    if why is None and (why := no_onnx(content) if onnx else no_pickle(content)) is not None:
        why = f"{why.partition(': ')[0]}: restore the file that was packed, or pack the model again"
    return why


def broken(content: bytes, error: Exception) -> str | None:
    """Why a file could not be unpickled, by its bytes and the error; None if it is a complete
    pickle, so that the error is more precise.
    """
    if isinstance(error, ImportError | AttributeError | TypeError):
        return None  # a name is missing here, or a class does not accept the arguments
    if isinstance(error.__cause__, EOFError) or "truncated" in str(error.__cause__):
        return f"is cut off: {AGAIN}"
    if not content.startswith(PICKLE):
        if _is_compressed(content):
            return None
        return _text(content, TEXTS, OTHER_TEXT) or f"is no pickle, and {ELSE}"
    lines = content.count(b"\n")
    if lines and content.count(b"\r\n") == lines:
        return "had its line ends changed, as if it were text: copy it as binary"
    if not content.endswith(b".") and "it ends within" in str(error):
        return f"is cut off: {AGAIN}"
    if not content.endswith(b"."):
        return f"is cut off, or damaged: {AGAIN}"
    if type(error) is not ValueError or str(error).startswith("is damaged"):
        return f"is damaged: {AGAIN}"
    return str(error) if str(error).startswith("holds ") else None


def _known(content: bytes) -> str | None:
    """The format of a binary file, by its first bytes."""
    for magic, format in BINARY:
        if content.startswith(magic):
            return format
    if content.startswith(b"PK\x03\x04"):
        return _zip(content)
    if content[257:262] == b"ustar":
        return f"is an archive (tar): {UNPACK}"
    if content[4:8] == b"TFL3":
        return f"is a model of TensorFlow Lite, and {ELSE}"
    if content.startswith(b"\x08\x01\x12"):
        return f"is a model of TensorFlow, and {ELSE}"
    if _is_onnx(content):
        return f"is an ONNX model; packing makes its own: {DUMP}"
    if re.match(rb"\{L.{8}learner", content, re.DOTALL):
        return f"is a model in XGBoost's own format (UBJSON), and {ELSE}"
    if content[8:10] == b'{"' and int.from_bytes(content[:8], "little") < len(content):
        return f"is a file of Safetensors, and {ELSE}"
    return None


def _is_onnx(content: bytes) -> bool:
    """Whether it begins like a ModelProto: with the version of the format, 3 or later."""
    return content[:1] == b"\x08" and content[1:2] > b"\x02" and content[2:3] in ONNX_FIELDS


def _is_compressed(content: bytes) -> bool:
    return any(content.startswith(magic) for magic, *_ in COMPRESSED)


def _inside(content: bytes, start_of: Callable[[bytes], bytes]) -> bytes | None:
    """The start of the decompressed content; None if it cannot be decompressed."""
    try:
        return start_of(content)
    except (OSError, EOFError, lzma.LZMAError, zlib.error):
        return None


def _zip(content: bytes) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return f"is an archive (ZIP) that is cut off: {AGAIN}"
    for pattern, format in ZIPPED:
        if any(re.fullmatch(pattern, name) for name in names):
            return format
    return f"is an archive (ZIP): {UNPACK}"


def _text(
    content: bytes, known: Sequence[tuple[str, str]], otherwise: str | None = None
) -> str | None:
    """The format of a text file; None if it is not text."""
    start = content[:INSPECTED_BYTES]
    try:
        text = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        is_cut = len(content) > INSPECTED_BYTES and error.start >= INSPECTED_BYTES - 4
        if not is_cut:  # a character at the end of what is inspected may lack its last bytes
            return None
        text = start[: error.start].decode("utf-8-sig")
    if not all(one.isprintable() or one in "\t\r\n\f" for one in text):
        return None
    text = text.replace("\r\n", "\n").lstrip()
    for pattern, format in known:
        if re.match(pattern, text, re.MULTILINE):
            return format
    return otherwise

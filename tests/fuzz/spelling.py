"""Other opcodes for the same: what a pickler writes for large values, or another one writes."""

import pickle
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.fuzz.tokens import Token


def _recall(place: int) -> bytes:
    return pickle.LONG_BINGET + struct.pack("<I", place)


def _remember(place: int) -> bytes:
    return pickle.LONG_BINPUT + struct.pack("<I", place)


def _octets(content: bytes) -> bytes:
    return pickle.BINBYTES + struct.pack("<I", len(content)) + content


def _many_octets(content: bytes) -> bytes:
    return pickle.BINBYTES8 + struct.pack("<Q", len(content)) + content


def _many_letters(text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return pickle.BINUNICODE8 + struct.pack("<Q", len(content)) + content


# By the name of an opcode: what makes another spelling of its argument.
SPELLINGS: dict[str, tuple[Callable[[Any], bytes], ...]] = {
    **dict.fromkeys(("GET", "BINGET"), (_recall,)),
    **dict.fromkeys(("PUT", "BINPUT"), (_remember,)),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES"), (_octets, _many_octets)),
    **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE"), (_many_letters,)),
    "EMPTY_LIST": (lambda _: pickle.MARK + pickle.LIST,),
    "EMPTY_DICT": (lambda _: pickle.MARK + pickle.DICT,),
    "EMPTY_TUPLE": (lambda _: pickle.MARK + pickle.TUPLE,),
    "NEWOBJ": (lambda _: pickle.EMPTY_DICT + pickle.NEWOBJ_EX,),
}


def respelled(token: Token, chance: random.Random) -> Token:
    """The same by another opcode in half of the cases, or the token where there is no other."""
    spellings = SPELLINGS.get(token.name)
    if spellings is None or chance.random() < 0.5:
        return token
    return replace(token, code=chance.choice(spellings)(token.argument))

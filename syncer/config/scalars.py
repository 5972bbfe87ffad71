"""What an unquoted text of a YAML file stands for.

YAML 1.2 core, less what surprises: no octal or hexadecimal numbers, no leading zeros, booleans only as `true` and `false`.
"""

import math

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types
from yamlcore import CCoreLoader

from syncer.pipeline import Scalar


def scalar(text: str) -> Scalar:
    """Return the value of an unquoted text; raises `ValueError(what, remedy)` where people would disagree about it."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)).rpartition(":")[2]
    match tag:
        case "null":
            return None
        case "bool" if text in ("true", "false"):
            return text == "true"
        case "bool":
            raise ValueError(f"{text} may mean a text or a boolean", f"write {text.lower()}, or quote it")
        case "int":
            return _integer(text)
        case "float":
            return _float(text)
    return text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    if not digits.isdecimal():
        raise ValueError(f"{_short(text)} is a number in another base", "write it in decimal digits, or quote it")
    if len(digits) > 1 and digits.startswith("0"):
        raise ValueError(
            f"{_short(text)} would lose its leading zero as a number", "quote it to keep the text as it is"
        )
    number = int(text) if len(digits) <= 20 else 2**64
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"{_short(text)} is a number of more than 64 bits", "quote it to keep the text as it is")
    return number


def _float(text: str) -> float:
    number = math.nan if text.lower().endswith("nan") else float(text.lower().replace(".inf", "inf"))
    if not math.isfinite(number):
        raise ValueError(f"{_short(text)} is no finite number", "quote it if it is meant as text")
    return number


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:20]}..."


_RESOLVER = CCoreLoader("")

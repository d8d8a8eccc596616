"""Kubernetes quantities as whole numbers, and back as text for people."""

from __future__ import annotations

from decimal import Decimal

_FACTOR = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGT", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGT", start=1)},
}


def _number(quantity: str | float) -> Decimal:
    text = str(quantity)
    digits = text.rstrip("mkKMGTi")
    return Decimal(digits) * _FACTOR[text[len(digits) :]]


def millicores(quantity: str | float) -> int:
    """CPU quantity -> millicores: "500m" -> 500, 2 -> 2000."""
    return int(_number(quantity) * 1000)


def size(quantity: str | float) -> int:
    """Memory or disk quantity -> bytes: "2Gi" -> 2147483648."""
    return int(_number(quantity))


def ceil_div(dividend: int, divisor: int) -> int:
    """The quotient, rounded up."""
    return -(-dividend // divisor)


def binary(number: int) -> str:
    """Bytes -> the shortest exact binary quantity: 2147483648 -> "2Gi"."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        factor = int(_FACTOR[unit])
        if number and number % factor == 0:
            return f"{number // factor}{unit}"
    return str(number)


def gibibytes(number: int, digits: int = 1) -> str:
    """Bytes -> rounded text for people: 5905580032 -> "5.5 GiB"."""
    return f"{number / 2**30:.{digits}f} GiB"


def told_apart(one: int, other: int) -> tuple[str, str]:
    """Both in GiB, with as many digits as show that they are not the same."""
    # A byte is seen in the ninth digit.
    digits = next((number for number in range(1, 10) if gibibytes(one, number) != gibibytes(other, number)), 1)
    return gibibytes(one, digits), gibibytes(other, digits)


def cores(number: int) -> str:
    """Millicores -> text for people: 7500 -> "7.5"."""
    return f"{number / 1000:g}"

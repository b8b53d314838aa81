"""The tools of the agent: a calculator, a clock and a word counter.

Each takes what a model wrote, so each checks it; what can't be done is a `ToolException` with a
sentence from which the model can do better.
"""

import ast
import operator
from collections.abc import Callable
from datetime import datetime
from math import isfinite
from zoneinfo import ZoneInfo

from langchain_core.tools import ToolException, tool

Number = int | float

MAX_EXPRESSION = 200
MAX_EXPONENT = 100
MAX_BITS = 4_000
"""Python refuses to print integers of more than some 14,000 bits."""

OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@tool
def calculate(expression: str) -> str:
    """Work out an arithmetic expression, such as (17 + 4) * 2.5; knows + - * / // % ** and ()."""
    if len(expression) > MAX_EXPRESSION:
        raise ToolException(f"the expression is longer than {MAX_EXPRESSION} characters")
    try:
        value = _evaluate(ast.parse(expression.strip(), mode="eval").body)
    except SyntaxError as error:
        raise ToolException(f"{expression!r} is not an arithmetic expression") from error
    except ZeroDivisionError as error:
        raise ToolException("division by zero") from error
    except OverflowError as error:
        raise ToolException("the result is too large") from error
    return f"{value:.12g}" if isinstance(value, float) else str(value)


@tool
def current_time(time_zone: str = "UTC") -> str:
    """Tell the date and time now in a time zone given by its IANA name, such as Asia/Tokyo."""
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise ToolException(f"there is no time zone {time_zone!r}; try Europe/Paris") from error
    return datetime.now(zone).strftime("%A, %d %B %Y, %H:%M:%S %Z")


@tool
def count_words(text: str) -> str:
    """Count the words and characters of a text."""
    return f"{len(text.split())} words, {len(text)} characters"


def _evaluate(node: ast.expr) -> Number:
    """The value of one node of a parsed expression: numbers and operators, nothing else."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _bounded(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluate(operand)
        case ast.BinOp(left=left, op=op, right=right):
            return _bounded(_apply(op, _evaluate(left), _evaluate(right)))
        case _:
            raise ToolException("only numbers, + - * / // % ** and parentheses are understood")


def _apply(op: ast.operator, left: Number, right: Number) -> Number:
    if isinstance(op, ast.Pow):
        return _power(left, right)
    if type(op) not in OPERATORS:
        raise ToolException("only + - * / // % ** are understood")
    return OPERATORS[type(op)](left, right)


def _power(base: Number, exponent: Number) -> Number:
    if abs(exponent) > MAX_EXPONENT:
        raise ToolException(f"the exponent is beyond {MAX_EXPONENT}")
    if base < 0 and not float(exponent).is_integer():
        raise ToolException("a negative number has no real power of that kind")
    return base**exponent


def _bounded(value: Number) -> Number:
    large = not isfinite(value) if isinstance(value, float) else value.bit_length() > MAX_BITS
    if large:
        raise ToolException("the result is too large")
    return value

import pytest
from langchain_core.tools import ToolException

from tailrace.worker.graphs.tools import calculate, count_words, current_time


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("17 * 23", "391"),
        (" (17 + 4) * 2.5 ", "52.5"),
        ("7 // 2 - -3", "6"),
        ("10 % 4 + 2 ** 10", "1026"),
        ("0.1 + 0.2", "0.3"),
        ("2 ** -1", "0.5"),
        ("+5", "5"),
    ],
)
def test_arithmetic_is_worked_out(expression: str, value: str) -> None:
    assert calculate.invoke({"expression": expression}) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1 +",
        "1 / 0",
        "0 ** -1",
        "5 % 0",
        "9 ** 9 ** 9",
        "10 ** 100 ** 2",
        "*".join(["99999**99"] * 9),
        "1e308 * 10 ** 99 * 1e308 // 1",
        "1e300 ** 9",
        "1e999",
        "(-8) ** 0.5",
        "1 << 900",
        "__import__('os').getcwd()",
        "'a' * 9",
        "True + 1",
        "2j * 2j",
        "x",
        "1" * 201,
        "(" * 150,
        "1\0",
    ],
)
def test_what_is_no_arithmetic_or_too_large_is_refused_in_words(expression: str) -> None:
    with pytest.raises(ToolException):
        calculate.invoke({"expression": expression})


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_the_time_is_told_in_the_zone_asked_for(zone: str) -> None:
    assert current_time.invoke({"time_zone": zone}).endswith({"Asia/Tokyo": "JST"}.get(zone, zone))


@pytest.mark.parametrize("zone", ["Nowhere/Atall", "../../etc/passwd", "/etc/passwd", "Europe", ""])
def test_a_zone_that_is_none_is_refused_in_words(zone: str) -> None:
    with pytest.raises(ToolException, match="no time zone"):
        current_time.invoke({"time_zone": zone})


def test_words_are_counted() -> None:
    assert count_words.invoke({"text": "the quick  brown\nfox"}) == "4 words, 20 characters"

"""SECURITY.md names tests that exist."""

import ast
import re

import pytest

from tests.support import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| (API|IoT)\d", line)]


def test_every_promise_names_a_test() -> None:
    assert len(ROWS) > 30
    assert [row for row in ROWS if not re.search(r"`tests/[\w/]+\.py::test_\w+` \|$", row)] == []


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_the_named_test_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", [f"API{n}" for n in range(1, 11)])
def test_every_risk_of_the_api_list_has_a_row(row: str) -> None:
    assert [line for line in ROWS if re.match(rf"\| {row}\b", line)]


@pytest.mark.parametrize("row", [f"IoT{n}" for n in range(1, 11)])
def test_every_risk_of_the_iot_list_has_a_row_or_is_not_promised(row: str) -> None:
    assert re.search(rf"\b{row}\b", TEXT)

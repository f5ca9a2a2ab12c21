# SPDX-License-Identifier: Apache-2.0
"""docs/faults.md and the tests name each other: no row without a test, no test that is not there, no row unknown."""
import ast
import dataclasses
import pathlib
import re

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs/faults.md"
# Faults, and the requirements of security.
ROWS = [*map(str, range(1, 102)), *(f"S{number}" for number in range(1, 20))]
ROW = re.compile(r"^\| (S?\d+) \|(.*)\|$")
NAMED = re.compile(r"`([\w/]+): ([^`]+)`")
# TEST_CASE("name" "goes on", "[tags]"), and with a fixture in front.
CASE = re.compile(r'TEST_CASE(?:_METHOD)?\(\s*(?:[\w:]+,\s*)?((?:"(?:[^"\\]|\\.)*"\s*)+),\s*"([^"]*)"\)')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
TAG = re.compile(r"\[fault-(S?\d+)\]")
SAID = re.compile(r"\bFaults? (S?\d+(?:, S?\d+)*)")


@dataclasses.dataclass(frozen=True)
class Named:
    file: str  # below tests/, without its suffix
    name: str


def listed(page):
    """{row: tests}; None for a row that says that it does not apply."""
    rows = {}
    for line in page.splitlines():
        if row := ROW.match(line):
            number, cells = row[1], row[2]
            assert number not in rows, f"two rows {number}"
            tests = [Named(file, name) for file, name in NAMED.findall(cells)]
            rows[number] = tests or (None if "*Does not apply*" in cells else [])
    return rows


def catch_tests(file, text):
    for case in CASE.finditer(text):
        name = "".join(LITERAL.findall(case[1]))
        yield Named(file, name), set(TAG.findall(case[2]))


def python_tests(file, text):
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            said = SAID.findall(ast.get_docstring(node) or "")
            yield Named(file, node.name), {number for numbers in said for number in numbers.split(", ")}


def written(top=REPOSITORY / "tests"):
    """{test: rows that it names} of every test there is."""
    found = {}
    for pattern, read in (("*/*_test.cc", catch_tests), ("*/test_*.py", python_tests)):
        for path in sorted(top.glob(pattern)):
            found.update(read(str(path.relative_to(top).with_suffix("")), path.read_text()))
    return found


def complaints(page, tests):
    rows = listed(page)
    yield from (f"row {number} is missing" for number in ROWS if number not in rows)
    yield from (f"row {number} is unknown" for number in rows if number not in ROWS)
    for number, named in rows.items():
        if named == []:
            yield f"row {number} has no test"
        for test in named or []:
            if test not in tests:
                yield f"row {number}: there is no '{test.name}' in {test.file}"
            elif number not in tests[test]:
                yield f"row {number}: '{test.name}' in {test.file} does not name it"
    for test, numbers in tests.items():
        yield from (f"'{test.name}' in {test.file} names row {number}, which does not list it"
                    for number in sorted(numbers) if test not in (rows.get(number) or []))


def test_the_page_and_the_tests_name_each_other():
    assert list(complaints(PAGE.read_text(), written())) == []


def without_row(page):
    return re.sub(r"(?m)^\| 14 \|.*\n", "", page)


def without_security_row(page):
    return re.sub(r"(?m)^\| S14 \|.*\n", "", page)


def without_tests(page):
    return re.sub(r"(?m)^(\| 14 \|.*?)`.*$", r"\1 |", page)


def with_a_strange_test(page):
    return page.replace("host/files_test: what is no regular file", "host/files_test: what nobody wrote", 1)


def with_a_foreign_test(page):
    return re.sub(r"(?m)^(\| 14 \|.*) \|$", r"\1<br>`renewal/schedule_test: the places of a fleet are even` |", page)


def with_a_row_too_many(page):
    return page + "| 102 | a fault | nothing | 0 | `renewal/schedule_test: the places of a fleet are even` |\n"


SPOILT = [
    (without_row, "row 14 is missing"),
    (without_security_row, "row S14 is missing"),
    (without_tests, "row 14 has no test"),
    (with_a_strange_test, "row 14: there is no 'what nobody wrote"),
    (with_a_foreign_test, "row 14: 'the places of a fleet are even' in renewal/schedule_test does not name it"),
    (with_a_row_too_many, "row 102 is unknown"),
]


@pytest.mark.parametrize("spoil, complaint", SPOILT, ids=[spoil.__name__ for spoil, _ in SPOILT])
def test_a_page_that_is_wrong_is_caught(spoil, complaint):
    spoilt = spoil(PAGE.read_text())
    assert spoilt != PAGE.read_text()
    assert any(said.startswith(complaint) for said in complaints(spoilt, written()))


def test_a_test_that_names_a_row_which_does_not_list_it_is_caught():
    tests = written() | {Named("host/files_test", "of another row"): {"14", "777"}}
    said = list(complaints(PAGE.read_text(), tests))
    assert "'of another row' in host/files_test names row 14, which does not list it" in said
    assert "'of another row' in host/files_test names row 777, which does not list it" in said

# SPDX-License-Identifier: Apache-2.0
"""Prints the closing lines of tests/run.sh: each failed test, then 'N passed, N failed'."""
import pathlib
import sys
import xml.etree.ElementTree


def outcomes(report):
    """(name, passed) for each test in one of ctest's JUnit reports; a test that did not run has failed."""
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        yield case.get("name"), case.get("status") == "run"


def main(directory):
    passed, failed = 0, []
    for report in sorted(pathlib.Path(directory).glob("*.xml")):
        for name, good in outcomes(report):
            passed += good
            failed += [] if good else [f"{report.stem}: {name}"]
    for name in failed:
        print("failed:", name)
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

# SPDX-License-Identifier: Apache-2.0
"""Prints the closing lines of tests/run.sh: each failed test, then 'N passed, N failed'. A test that printed a secret,
be it one made for the test, has failed: what reaches its output could reach a log."""
import pathlib
import re
import sys
import xml.etree.ElementTree

# A private key's body, tokens as Vault and OpenBao make them, and those that tests look for.
SECRET = re.compile(r"PRIVATE KEY-----(?:\s|\\n)*[A-Za-z0-9+/]{32}|\b(?:hv[bs]|[bs])\.[A-Za-z0-9_-]{24}|canary-0token")


def outcomes(report):
    """(name, passed) for each test in one of ctest's JUnit reports; a test that did not run has failed."""
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        name = case.get("name")
        if SECRET.search("".join(case.itertext())):
            yield f"{name}: its output holds a secret", False
        else:
            yield name, case.get("status") == "run"


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

#!/usr/bin/env python3
"""Counts test cases in a results folder and prints "PASSED FAILED".

Three kinds of file: GoogleTest's JSON, one a binary; FILE.ctest with lines "ok NAME" or
"failed NAME" from tests in other languages; ctest's own junit.xml, which names the tests that ended
badly without saying so in a file of their own (a crash, a time-out).
"""
import json
import pathlib
import sys
import xml.etree.ElementTree


def cases(root: pathlib.Path):
    """Yields (test, suite, case, ok) for each test case found below `root`."""
    for path in sorted(root.rglob("*.json")):
        try:
            report = json.loads(path.read_text())
        except ValueError:
            yield path.stem, path.stem, "unreadable result", False
            continue
        for suite in report.get("testsuites", []):
            for case in suite.get("testsuite", []):
                if case.get("status") == "RUN":
                    yield path.stem, suite["name"], case["name"], not case.get("failures")
    for path in sorted(root.rglob("*.ctest")):
        for line in path.read_text().splitlines():
            state, _, name = line.partition(" ")
            if state in ("ok", "failed"):
                yield path.stem, path.stem, name, state == "ok"


def counts(root: pathlib.Path) -> tuple[int, int, list[str]]:
    """Returns passed, failed, and the names that failed."""
    passed = failed = 0
    names, tests_with_failure = [], set()
    for test, suite, case, ok in cases(root):
        passed += ok
        failed += not ok
        if not ok:
            names.append(f"{suite}.{case}")
            tests_with_failure.add(test)
    for path in root.rglob("junit.xml"):
        for test in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            if test.get("status") == "fail" and test.get("name") not in tests_with_failure:
                failed += 1
                names.append(f"{test.get('name')} (ended badly)")
    return passed, failed, names


def main() -> int:
    passed, failed, names = counts(pathlib.Path(sys.argv[1]))
    print(passed, failed)
    for name in names:
        print(f"failed: {name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

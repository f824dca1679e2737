"""Runs rules, functions that yield what is wrong, and ends with `N passed, N failed`."""


def run(rules):
    failed = 0
    for rule in rules:
        findings = list(rule())
        for finding in findings:
            print(f"{rule.__name__}: {finding}")
        failed += bool(findings)
    print(f"{len(rules) - failed} passed, {failed} failed")
    return 1 if failed else 0

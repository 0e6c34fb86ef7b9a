"""Runs CPython's own tests, unchanged, with the interpreter's module select and with ours, and compares them test by test.

Usage: run.py [--dev] [MODULE...]

--dev runs both in Python's development mode (-X dev). Without a MODULE, all are run that have to do with select. The last line
is "N passed, N failed": a test has failed if its outcome with our module is not the one with the original.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

import places

# Each module, and what its tests need to be allowed. Only those that stay on this machine are.
MODULES = {
    "test_select": [],
    "test_poll": [],
    "test_epoll": [],
    "test_selectors": [],
    "test_eintr": [],
    "test_signal": [],
    "test_pty": [],
    "test_socketserver": ["-u", "network"],  # its own servers on 127.0.0.1
    "test_asyncore": [],
    "test_asynchat": [],
    "test_ftplib": [],
    "test_subprocess": [],
    "test_socket": ["-i", "*VSOCK*"],  # which needs a hypervisor
    "test_asyncio": [],
}

HERE = os.path.dirname(os.path.abspath(__file__))

# The longest that one module may take, in seconds.
PATIENCE = 900


def run_module(place, module, dev, only=()):
    """Runs one module, and returns the outcome of each of its tests."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.xml")
        flags = ["-X", "faulthandler"] + (["-X", "dev"] if dev else [])
        command = [place.python, *flags, os.path.join(HERE, "regrtest.py"), place.file]
        command += ["--junit-xml", report, "--timeout", str(PATIENCE), *MODULES.get(module, [])]
        for test in only:
            command += ["-m", test]
        try:
            done = places.run(
                command + [module],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=PATIENCE + 60,
                cwd=folder,
            )
            output, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as expired:
            output, status = (expired.stdout or b"").decode(errors="replace"), "over time"
        outcomes = read(report)
    if status != 0 and "failed" not in outcomes.values() and not (only and not outcomes):
        # It crashed, or regrtest found fault with something that is no test: a warning, a file or a process left behind.
        outcomes[f"{module} as a whole (exit status {status})"] = "failed"
    if "failed" in outcomes.values():
        print(f"--- {module} with {place.name}:\n{output[-6000:]}\n---")
    return outcomes


def read(report):
    """The outcome of each test in a report: passed, failed, or skipped. Names that come twice are numbered."""
    outcomes = {}
    if not os.path.exists(report):
        return outcomes
    seen = collections.Counter()
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = case.get("name")
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes[name] = "failed"
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            outcomes[name] = "skipped"
        else:
            outcomes[name] = "passed"
    return outcomes


def differences(original, ours):
    names = sorted(original.keys() | ours.keys())
    return {name: (original.get(name, "absent"), ours.get(name, "absent")) for name in names if original.get(name) != ours.get(name)}


def compare(pair, module, dev):
    """Runs a module with both, and what differed once more: some tests depend on how busy the machine is."""
    begin = time.monotonic()
    original, ours = (run_module(place, module, dev) for place in pair)
    different = differences(original, ours)
    repeated = sorted(name.split()[-1].strip("()") if " (" in name else name for name in different)
    if different and all(name in original and name in ours for name in different):
        print(f"{module}: again, since they differed: {' '.join(repeated)}")
        for name, outcome in run_module(pair[0], module, dev, repeated).items():
            original[name] = outcome
        for name, outcome in run_module(pair[1], module, dev, repeated).items():
            ours[name] = outcome
        different = differences(original, ours)
    return original, ours, different, time.monotonic() - begin


def counts(outcomes):
    count = collections.Counter(outcomes.values())
    return f"{len(outcomes):6}{count['passed']:8}{count['failed']:7}{count['skipped']:8}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="run both in Python's development mode")
    parser.add_argument("modules", nargs="*", metavar="MODULE", default=list(MODULES))
    options = parser.parse_args()
    passed = failed = 0
    rows, found = [], []
    with tempfile.TemporaryDirectory() as folder:
        pair = places.make(folder)
        for place in pair:
            print(f"{place.name}: select.__file__ is {place.file} (- is the built-in one), in children of all kinds too")
        for module in options.modules:
            original, ours, different, seconds = compare(pair, module, options.dev)
            rows.append(f"{module:18}{counts(original)}   {counts(ours)}   {len(different):9}   {seconds:6.1f} s")
            print(rows[-1], flush=True)
            found += [f"{name}: {before} with the original, {after} with ours" for name, (before, after) in different.items()]
            failed += len(different)
            passed += sum(outcome == "passed" and name not in different for name, outcome in ours.items())
            if not original:
                failed += 1
                found.append(f"{module}: no test was run")
    mode = " in development mode" if options.dev else ""
    print(f"\nCPython {sys.version.split()[0]}'s tests{mode}: the original, then ours")
    print(f"{'':18} tests  passed failed skipped    tests  passed failed skipped   different")
    print("\n".join(rows))
    for line in found:
        print("DIFFERENT:", line)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()

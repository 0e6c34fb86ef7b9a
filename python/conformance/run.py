"""Runs CPython's tests unchanged on the original module select and on ours, and compares each test.

Usage: run.py [--dev] [--jobs N] [--with NAMES] [MODULE...]

--dev runs both in Python's development mode (-X dev). --jobs runs several modules at a time.
Without a MODULE, all modules that use select run. The last line is "N passed, N failed". A test
fails if its outcomes on the original and on ours differ.

--with adds kqueue or devpoll to ours, as IOMUX_SELECT_WITH does. Tests that the original skips or
does not have must then pass.
"""

import argparse
import collections
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import places

# Each module and the arguments of its tests. Tests that need other machines stay disabled.
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

# The modules that test the names that --with adds.
MODULES_WITH = {
    "kqueue": {"test_kqueue": [], "test_selectors": [], "test_eintr": [], "test_asyncio": []},
    "devpoll": {
        # test_timeout_overflow waits until the reading end of a pipe is writable, as on Solaris. It
        # runs with such pipes only, and the other tests with both kinds.
        "test_devpoll": ["-i", "test_timeout_overflow"],
        "test_devpoll:solaris": ["--pipes-of-solaris"],
        "test_selectors": [],
        "test_eintr": [],
    },
}
ARGUMENTS = MODULES | MODULES_WITH["kqueue"] | MODULES_WITH["devpoll"]

HERE = os.path.dirname(os.path.abspath(__file__))

# The time limit of a module in seconds.
PATIENCE = 900


def run_module(place, module, options, only=()):
    """Runs one module and returns the outcome of each test."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.xml")
        flags = ["-X", "faulthandler"] + (["-X", "dev"] if options.dev else [])
        command = [place.python, *flags, os.path.join(HERE, "regrtest.py"), place.file]
        command += [*ARGUMENTS.get(module, []), "--junit-xml", report, "--timeout", str(PATIENCE)]
        for test in only:
            command += ["-m", test]
        try:
            done = places.run(
                command + [module.split(":")[0]],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=PATIENCE + 60,
                cwd=folder,
                env=dict(os.environ, IOMUX_SELECT_WITH=options.extra),
            )
            output, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as expired:
            output, status = (expired.stdout or b"").decode(errors="replace"), "over time"
        outcomes = read(report)
    if status != 0 and "failed" not in outcomes.values() and not (only and not outcomes):
        # It crashed, or regrtest reports something other than a test: a warning, or a file or
        # process left behind.
        outcomes[f"{module} as a whole (exit status {status})"] = "failed"
    if "failed" in outcomes.values():
        print(f"--- {module} with {place.name}:\n{output[-6000:]}\n---")
    return outcomes


def read(report):
    """Returns the outcome of each test in a report. Repeated names are numbered."""
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


class Comparison:
    """The outcomes of one module on both."""

    def __init__(self, module, original, ours, extra):
        self.module, self.original, self.ours, self.extra = module, original, ours, extra

    def different(self):
        names = sorted(self.original.keys() | self.ours.keys())
        outcomes = {name: (self.original.get(name, "absent"), self.ours.get(name, "absent")) for name in names}
        return {name: pair for name, pair in outcomes.items() if pair[0] != pair[1] and not self.is_more(*pair)}

    def is_more(self, before, after):
        """Reports whether only ours passes the test, and --with is set."""
        return self.extra and before in ("absent", "skipped") and after == "passed"

    def passed(self):
        """Returns the number of tests with the expected outcome."""
        return sum(
            after == "passed" and (self.original.get(name) == after or self.is_more(self.original.get(name, "absent"), after))
            for name, after in self.ours.items()
        )

    def row(self):
        return f"{self.module:20}{counts(self.original)}   {counts(self.ours)}   {len(self.different()):9}"


def again(pair, result, options):
    """Repeats the tests with differences, because some depend on the load of the machine."""
    different = result.different()
    if different and all(name in result.original and name in result.ours for name in different):
        print(f"{result.module}: repeating tests with different outcomes: {' '.join(different)}")
        only = [name.split(" (")[0] for name in different]
        result.original.update(run_module(pair[0], result.module, options, only))
        result.ours.update(run_module(pair[1], result.module, options, only))


def counts(outcomes):
    count = collections.Counter(outcomes.values())
    return f"{len(outcomes):6}{count['passed']:8}{count['failed']:7}{count['skipped']:8}"


def compare_all(options):
    """Runs all modules on both, and prints the outcomes of each as soon as it has finished."""
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pair = places.make(folder)
        for place in pair:
            print(f"{place.name}: select.__file__ is {place.file} (- is the built-in one), in children of all kinds too")
        running = [[pool.submit(run_module, place, module, options) for place in pair] for module in options.modules]
        results = []
        for module, outcomes in zip(options.modules, running):
            results.append(Comparison(module, *(outcome.result() for outcome in outcomes), options.extra))
            print(results[-1].row(), flush=True)
        for result in results:
            again(pair, result, options)
        return results


def modules_of(extra):
    """Returns the modules for --with, or all others without it."""
    found = [module for name in extra.split(",") for module in MODULES_WITH.get(name, ())]
    return list(dict.fromkeys(found)) or list(MODULES)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="run both in Python's development mode")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="run N modules at a time")
    parser.add_argument("--with", dest="extra", default="", metavar="NAMES", help="add NAMES to ours, as IOMUX_SELECT_WITH does")
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    options = parser.parse_args()
    options.modules = options.modules or modules_of(options.extra)
    results = compare_all(options)
    mode = (" in development mode" if options.dev else "") + (f" with {options.extra}" if options.extra else "")
    print(f"\nCPython {sys.version.split()[0]}'s tests{mode}: the original, then ours")
    print(f"{'':20} tests  passed failed skipped    tests  passed failed skipped   different")
    passed = failed = 0
    for result in results:
        print(result.row())
        passed += result.passed()
        failed += len(result.different()) + (not result.passed())
    for result in results:
        for name, (before, after) in result.different().items():
            print(f"DIFFERENT: {name}: {before} with the original, {after} with ours")
        if not result.passed():
            print(f"DIFFERENT: no test of {result.module} was run")
        for name, outcome in result.ours.items():
            if outcome == "failed" and result.original.get(name) == "failed":
                print(f"failed with both: {name}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()

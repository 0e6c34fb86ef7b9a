"""Compares behaviours that CPython's tests leave open, on the original module select and on ours.

Each probe is a function in the folder probes, and runs in a process of its own. Its answer is its
result or its exception. The catalogue lists intended differences with both answers, which are
checked too. The last line is "probes: N passed, N failed".
"""

import concurrent.futures
import json
import os
import sys
import tempfile

import places

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probes")
sys.path.append(SCRIPT)

import catalogue  # noqa: E402
PATIENCE = 60


def ask(place, name):
    """Returns the answer of one probe."""
    environment = dict(os.environ, PYTHONMALLOC="malloc") if name in catalogue.WITHOUT_HOOKS else None
    with tempfile.TemporaryFile("w+") as output:
        try:
            done = places.run(
                [place.python, "-X", "dev", "-X", "faulthandler", SCRIPT, catalogue.file_of(name), name],
                stdout=output,
                stderr=output,
                timeout=PATIENCE,
                env=environment,
            )
            status = done.returncode
        except places.subprocess.TimeoutExpired:
            return f"no answer after {PATIENCE} seconds"
        output.seek(0)
        text = output.read()
    lines = text.splitlines()
    if status != 0 or len(lines) != 1:
        return f"exit status {status}: {text}"
    return json.loads(lines[0])


def main():
    names = sys.argv[1:] or catalogue.names()
    failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(4) as pool:
        original, ours = places.make(folder)
        answers = [(name, pool.submit(ask, original, name), pool.submit(ask, ours, name)) for name in names]
        for name, before, after in answers:
            before, after = before.result(), after.result()
            if name in catalogue.MEANT_TO_DIFFER:
                fine = catalogue.MEANT_TO_DIFFER[name] == (before, after)
                verdict = "differs as intended" if fine else "DIFFERS, BUT NOT AS INTENDED"
            else:
                fine = before == after and not str(before).startswith(("exit status", "no answer"))
                verdict = "same" if fine else "DIFFERENT"
            failed += not fine
            if not fine or name in catalogue.MEANT_TO_DIFFER or len(names) == 1:
                if isinstance(before, list) and isinstance(after, list) and len(before) == len(after) > 99:
                    before, after = zip(*[pair for pair in zip(before, after) if pair[0] != pair[1]][:9] or [("", "")])
                print(f"{name}: {verdict}\n  original: {before}\n  ours:     {after}")
    print(f"probes: {len(names) - failed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()

"""Two virtual environments: one with the original module select, and one with ours.

The site-packages of the second one has the module and a .pth file that installs it. That works with
-E and -I too, but not with -S. The tests start children as sys.executable, so these use the same
module.
"""

import glob
import os
import shutil
import signal
import subprocess
import sys
import venv

DIST = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "dist")


class Place:
    """A Python, and the __file__ of its module select ("-" for the built-in one)."""

    def __init__(self, name, python, file):
        self.name, self.python, self.file = name, python, file


def make(folder):
    """Makes both, the original first, and checks which module they have."""
    places = []
    for name in ("original", "iomux"):
        home = os.path.join(folder, name)
        venv.create(home, symlinks=True, with_pip=False)
        python = os.path.join(home, "bin", "python3")
        places.append(Place(name, python, original_file() if name == "original" else install(home, python)))
    for place in places:
        prove(place)
    return places


def original_file():
    import select

    return getattr(select, "__file__", "-")


def install(home, python):
    (packages,) = glob.glob(os.path.join(home, "lib", "python3*", "site-packages"))
    for file in glob.glob(os.path.join(DIST, "*")):
        if os.path.isfile(file) and os.path.basename(file) != "sitecustomize.py":
            shutil.copy(file, packages)
    with open(os.path.join(packages, "iomux_select.pth"), "w") as pth:
        pth.write("import iomux_select; iomux_select.install()\n")
    suffix = subprocess.check_output(
        [python, "-c", 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))'], text=True
    ).strip()
    return os.path.join(packages, "select" + suffix)


PROOF = """
import multiprocessing, os, subprocess, sys
import select, selectors, asyncio, socket
LOOK = 'import select; print(getattr(select, "__file__", "-"))'

def look(pipe):
    pipe.send(getattr(select, "__file__", "-"))

def main():
    print(getattr(select, "__file__", "-"), selectors.select is select)
    for flags in ([], ["-I"], ["-E"], ["-s"], ["-B", "-X", "dev"]):
        print(subprocess.check_output([sys.executable, *flags, "-c", LOOK], text=True).strip(), flags)
    print(subprocess.check_output([sys.executable, "-c", LOOK], env={}, text=True).strip(), "no environment")
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        ours, theirs = context.Pipe()
        child = context.Process(target=look, args=(theirs,))
        child.start()
        print(ours.recv() if ours.poll(30) else "nothing", method)
        child.join()

if __name__ == "__main__":
    main()
"""


def prove(place):
    """Checks select.__file__ in a process and in all kinds of children that the tests start."""
    script = os.path.join(os.path.dirname(place.python), "proof.py")
    with open(script, "w") as file:
        file.write(PROOF)
    answers = run([place.python, script], stdout=subprocess.PIPE, text=True, timeout=120, check=True).stdout.splitlines()
    if len(answers) != 10 or any(answer.split()[0] != place.file for answer in answers):
        sys.exit(f"{place.name}: select.__file__ should be {place.file}, but is:\n" + "\n".join(answers))


def run(command, **options):
    """Runs a command with the signal dispositions and mask that tests of signals need."""

    def defaults():
        for number in signal.valid_signals():
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    return subprocess.run(command, preexec_fn=defaults, stdin=subprocess.DEVNULL, **options)

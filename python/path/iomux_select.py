"""Puts the module select that lies beside this file in place of the interpreter's own.

Where that one is built in, as in Debian's Python, a file of the same name on the path is never looked at. So this puts a
finder before all others, which knows the one name. The module is loaded when it is imported, not before.
"""

import importlib.machinery
import importlib.util
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Finder:
    """Finds the module select, and nothing else."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "select":
            return None
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            file = os.path.join(FOLDER, "select" + suffix)
            if os.path.exists(file):
                loader = importlib.machinery.ExtensionFileLoader(name, file)
                return importlib.util.spec_from_file_location(name, file, loader=loader)
        raise ImportError(f"{FOLDER} has no module select for this version of Python", name=name)

    @staticmethod
    def invalidate_caches():
        """There is nothing to forget."""


def install():
    """Makes every later `import select` get this module. What has imported the original already keeps it."""
    if Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)

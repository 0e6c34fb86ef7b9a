"""Replaces the interpreter's module select with the one beside this file.

Debian's Python has select built in, and never looks for a file of that name. So install() puts a
finder before all others, for this one name. The module is loaded when a program imports it.
"""

import importlib.machinery
import importlib.util
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Finder:
    """Finds the module select only."""

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
        """Does nothing, because there is no cache."""


def install():
    """Makes every later `import select` return this module. Earlier imports keep the original."""
    if Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)

"""Runs the tests of this folder, with the module that PYTHONPATH leads to."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))

if __name__ == "__main__":
    # This process has everything. Its children have what the original has, unless they are asked for more.
    os.environ["IOMUX_SELECT_WITH"] = "kqueue,devpoll"
    import select

    del os.environ["IOMUX_SELECT_WITH"]
    if not getattr(select, "__file__", "").startswith(os.path.join(os.path.dirname(HERE), "dist")):
        sys.exit(f"select is {select}: set PYTHONPATH to python/dist")
    suite = unittest.defaultTestLoader.discover(HERE, top_level_dir=HERE)
    sys.exit(not unittest.TextTestRunner(verbosity=1).run(suite).wasSuccessful())

"""Prints the answer of one probe as a line of JSON.

Usage: python3 probes FILE NAME
"""

import importlib
import json
import sys
import warnings

# From Python 3.12 on, os.fork warns if the process has threads, as a process with ours always has.
warnings.simplefilter("ignore")

answer = getattr(importlib.import_module(sys.argv[1]), "probe_" + sys.argv[2])()
print(json.dumps(answer))

"""Run as: python3 probes FILE NAME  prints the answer of one probe, as one line of JSON."""

import importlib
import json
import sys
import warnings

# From Python 3.12 on, a fork warns where there are threads. Ours has some: the README says so.
warnings.simplefilter("ignore")

answer = getattr(importlib.import_module(sys.argv[1]), "probe_" + sys.argv[2])()
print(json.dumps(answer))

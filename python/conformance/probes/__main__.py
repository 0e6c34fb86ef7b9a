"""Run as: python3 probes NAME  prints the answer of one probe, as one line of JSON."""

import json
import sys
import warnings

# From Python 3.12 on, a fork warns where there are threads. Ours has some: the README says so.
warnings.simplefilter("ignore")

import catalogue  # noqa: E402

answer = catalogue.find(sys.argv[1])()
print(json.dumps(answer))

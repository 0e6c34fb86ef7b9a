"""Run as: python3 probes NAME  prints the answer of one probe, as one line of JSON."""

import json
import sys

import catalogue

answer = catalogue.find(sys.argv[1])()
print(json.dumps(answer))

#!/usr/bin/env bash
# ./dev faults reassembly [COUNT]
LARMOR_BINARY=$PWD/build/release/larmor exec /usr/bin/python3 "$(dirname "$0")/reassembly.py" --kills "${1:-100}"

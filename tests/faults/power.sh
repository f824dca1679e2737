#!/usr/bin/env bash
# ./dev faults power [POINTS]
LARMOR_BINARY=$PWD/build/release/larmor exec /usr/bin/python3 "$(dirname "$0")/power.py" --proof --points "${1:-1000}"

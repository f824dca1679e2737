#!/usr/bin/env bash
# The short form for every change; `./dev faults power 1000` is the long one.
exec /usr/bin/python3 "$(dirname "$0")/power.py" --proof --points "${LARMOR_POWER_POINTS:-60}"

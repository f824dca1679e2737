#!/usr/bin/env bash
# The short form for every change; `./dev faults damage 1000` is the long one.
exec /usr/bin/python3 "$(dirname "$0")/damage/run.py" --seeds "${LARMOR_DAMAGE_SEEDS:-40}"

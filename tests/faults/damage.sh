#!/usr/bin/env bash
# ./dev faults damage [COUNT]
LARMOR_BINARY=$PWD/build/release/larmor exec /usr/bin/python3 "$(dirname "$0")/damage/run.py" --seeds "${1:-1000}"

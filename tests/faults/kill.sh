#!/usr/bin/env bash
# ./dev faults kill [COUNT]
LARMOR_BINARY=$PWD/build/release/larmor exec /usr/bin/python3 "$(dirname "$0")/kill.py" --rounds "${1:-100}"

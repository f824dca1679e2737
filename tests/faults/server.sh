#!/usr/bin/env bash
# ./dev faults server [COUNT]
LARMOR_BINARY=$PWD/build/release/larmor exec /usr/bin/python3 "$(dirname "$0")/server.py" --kills "${1:-200}"

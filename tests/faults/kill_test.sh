#!/usr/bin/env bash
# The short form for every change; `./dev faults kill 100` is the long one.
exec /usr/bin/python3 "$(dirname "$0")/kill.py" --rounds "${LARMOR_KILL_ROUNDS:-6}"

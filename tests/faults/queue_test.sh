#!/usr/bin/env bash
# The short form for every change; `./dev faults queue 200` is the long one.
exec /usr/bin/python3 "$(dirname "$0")/queues.py" --kills "${LARMOR_QUEUE_KILLS:-8}" --restarts "${LARMOR_QUEUE_RESTARTS:-1}"

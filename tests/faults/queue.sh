#!/usr/bin/env bash
# ./dev faults queue [COUNT]
LARMOR_QUEUE_FAULTS=$PWD/build/ci/bin/queue_faults exec /usr/bin/python3 "$(dirname "$0")/queue.py" --kills "${1:-200}"

#!/usr/bin/env bash
# ./dev faults queue [COUNT]
LARMOR_QUEUE_FAULTS=$PWD/build/ci/bin/queue_faults exec /usr/bin/python3 "$(dirname "$0")/queues.py" --kills "${1:-200}"

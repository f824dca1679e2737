#!/usr/bin/env bash
# ./dev faults seeds [COUNT]: the queues of both drivers over a database that fails on a schedule of each of COUNT
# seeds (src/queue/tests/faults_conformance.cc), a part at a time. Ends with `N passed, N failed`.
set -uo pipefail
count=${1:-10000} part=100
passed=0 failed=0
log=build/faults-seeds.log
# The faults are made above the database: its syncs would only take time.
[[ -d /dev/shm ]] && export TMPDIR=/dev/shm
for ((first = 1; first <= count; first += part)); do
    seeds=$((count - first + 1 < part ? count - first + 1 : part))
    for driver in sqlite postgres; do
        if LARMOR_SEED_FIRST=$first LARMOR_SEEDS=$seeds timeout 1800 "build/ci/bin/queue_${driver}_test" \
            --gtest_filter='*KeepsItsPromisesWhateverTheDatabaseSays*' > "$log" 2>&1; then
            passed=$((passed + seeds))
        else
            # It ends with the first that fails.
            failed=$((failed + 1))
            grep -E 'Failure|seed [0-9]+|Which|Expected' "$log" | head -20
            echo "$driver: a seed of $first to $((first + seeds - 1)) failed"
        fi
    done
    echo "seeds $first to $((first + seeds - 1)) of both drivers: $passed passed, $failed failed so far"
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]

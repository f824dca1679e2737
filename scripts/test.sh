#!/usr/bin/env bash
# ./dev test: builds and runs everything that can fail, goes on after a failure, and ends with the closing
# lines: ctest's for C++, `N passed, N failed` for the suites that are scripts.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/lib.sh

ctest_line="ctest did not run"
LOGS=build/test-logs
# They wait most of their time, for leases that end and for what workers do, so they run beside the others.
WAITING=" clock_test.py postgres_test.py queue_test.sh lake_test.py index_check_test.py index_sample_test.py index_tables_test.py index_test.py "

# suite NAME COMMAND...: its last line `N passed, N failed` counts; without one, its exit code does. What it came to is
# in NAME.count, since some run in the background.
suite() {
    local name=$1 log=$LOGS/$1.log started=$SECONDS code line p f
    shift
    say "$name: $*"
    "$@" > "$log" 2>&1 < /dev/null
    code=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
    read -r p f <<< "$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\1 \2/p' <<< "${line:-}")"
    if [[ -z ${p:-} ]]; then
        [[ $code -eq 0 ]] && p=1 f=0 || p=0 f=1
    elif [[ $code -ne 0 && $f -eq 0 ]]; then
        f=1 # it counted no failure and yet failed: a crash after the last test
    fi
    echo "$p $f" > "$LOGS/$name.count"
    if [[ $f -gt 0 ]]; then
        tail -80 "$log"
        echo "suite $name: FAILED ($p passed, $f failed, exit code $code), all of it in $log"
    else
        echo "suite $name: $p passed in $((SECONDS - started)) s"
    fi
}

# total FIELD: 1 of what passed, 2 of what failed, over all suites that ran.
total() {
    cat $LOGS/*.count 2> /dev/null | awk -v field="$1" '{ sum += $field } END { print sum + 0 }'
}

run_ctest() {
    say "ctest"
    ctest --test-dir build/ci -j "$JOBS" --output-on-failure --no-tests=error > $LOGS/ctest.log 2>&1
    ctest_code=$?
    ctest_line=$(grep -E '[0-9]+% tests passed' $LOGS/ctest.log || echo "ctest: no test ran")
    if [[ $ctest_code -ne 0 ]]; then
        grep -vE ' Passed +[0-9.]+ sec|^ *Start ' $LOGS/ctest.log | tail -150
    fi
    grep -E '^Total Test time' $LOGS/ctest.log
}

run_web() {
    [[ -f web/package-lock.json ]] || return 0
    use_node
    suite web-unit npm --prefix web run --silent test
    suite web-browser npm --prefix web run --silent test:browser
}

run_script() {
    case $1 in
        *.mjs) suite "$(basename "$1")" node "$1" ;;
        *.py) suite "$(basename "$1")" $PYTHON "$1" ;;
        *) suite "$(basename "$1")" bash "$1" ;;
    esac
}

# run_scripts waiting|busy
run_scripts() {
    use_node
    local script kind
    for script in tests/end_to_end/*_test.mjs tests/end_to_end/*_test.sh tests/end_to_end/*_test.py \
        tests/faults/*_test.sh tests/faults/*_test.py; do
        [[ -f $script ]] || continue
        [[ $WAITING == *" $(basename "$script") "* ]] && kind=waiting || kind=busy
        [[ $kind == "$1" ]] && run_script "$script"
    done
}

ctest_code=1
if ./dev build ci; then
    mkdir -p $LOGS
    rm -f $LOGS/*.count
    # What the scripts start: the program under test.
    export LARMOR_BINARY=${LARMOR_BINARY:-$PWD/build/ci/bin/larmor}
    # With what the tests leave of the processors. Whether it builds is said when the targets run.
    nice -n 19 scripts/fuzz.sh --build > $LOGS/fuzz-build.log 2>&1 < /dev/null &
    fuzz_build=$!
    run_ctest
    run_scripts waiting &
    waiting=$!
    run_scripts busy
    run_web
    wait $waiting
    wait $fuzz_build
    suite fuzz scripts/fuzz.sh --in-tests "${LARMOR_FUZZ_SECONDS:-60}"
    passed=$(total 1) failed=$(total 2)
else
    passed=0 failed=1
fi

echo
echo "$ctest_line"
echo "$passed passed, $failed failed"
[[ $ctest_code -eq 0 && $failed -eq 0 ]]

#!/usr/bin/env bash
# ./dev test: builds and runs everything that can fail, goes on after a failure, and ends with the closing
# lines: ctest's for C++, `N passed, N failed` for the suites that are scripts.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/lib.sh

passed=0 failed=0 ctest_line="ctest did not run"
LOGS=build/test-logs

# suite NAME COMMAND...: its last line `N passed, N failed` counts; without one, its exit code does.
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
    passed=$((passed + p)) failed=$((failed + f))
    if [[ $f -gt 0 ]]; then
        tail -80 "$log"
        echo "suite $name: FAILED ($p passed, $f failed, exit code $code), all of it in $log"
    else
        echo "suite $name: $p passed in $((SECONDS - started)) s"
    fi
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

run_scripts() {
    use_node
    local script
    for script in tests/end_to_end/*_test.mjs tests/end_to_end/*_test.sh tests/end_to_end/*_test.py \
        tests/faults/*_test.sh tests/faults/*_test.py; do
        [[ -f $script ]] || continue
        case $script in
            *.mjs) suite "$(basename "$script")" node "$script" ;;
            *.py) suite "$(basename "$script")" $PYTHON "$script" ;;
            *) suite "$(basename "$script")" bash "$script" ;;
        esac
    done
}

ctest_code=1
if ./dev build ci; then
    mkdir -p $LOGS
    # What the scripts start: the program under test.
    export LARMOR_BINARY=${LARMOR_BINARY:-$PWD/build/ci/bin/larmor}
    run_ctest
    run_scripts
    run_web
    suite fuzz scripts/fuzz.sh --in-tests "${LARMOR_FUZZ_SECONDS:-60}"
else
    failed=1
fi

echo
echo "$ctest_line"
echo "$passed passed, $failed failed"
[[ $ctest_code -eq 0 && $failed -eq 0 ]]

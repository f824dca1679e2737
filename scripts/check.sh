#!/usr/bin/env bash
# ./dev check [--all]: everything that is found without running the product. Goes on after a finding and
# ends with a count.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/lib.sh

passed=0 failed=0
step() {
    local name=$1
    shift
    say "check: $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "check $name: FAILED" >&2
    fi
}

format_is_applied() {
    git ls-files -z '*.cc' '*.h' | xargs -0 -r clang-format-19 --dry-run --Werror
}

# A wrong dependency stops the configure step; the same run writes the commands that tidy reads.
layers_hold() {
    cmake --preset tidy > build/tidy-configure.log 2>&1 && return
    tail -30 build/tidy-configure.log
    return 1
}

typescript() {
    [[ -f web/package-lock.json ]] || return 0
    use_node
    npm --prefix web run --silent check
}

scripts/setup.sh build web test || exit 1
mkdir -p build
step format format_is_applied
step layers layers_hold
step style $PYTHON tests/style/style_test.py
step benchmarks $PYTHON tests/style/benchmarks_test.py
step typescript typescript
step tidy $PYTHON scripts/tidy.py "$@"

echo "check: $passed passed, $failed failed"
[[ $failed -eq 0 ]]

#!/usr/bin/env bash
# ./dev fuzz [NAME] [SECONDS]: first the regression files of testdata/fuzz/NAME, then SECONDS of new input.
# --build only builds the targets.
# A finding is written to build/fuzz/findings/NAME; its file moves to testdata/fuzz/NAME with the repair.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/lib.sh

fuzz_one() {
    local name=$1 seconds=$2 log=build/fuzz/log/$1
    local corpus=build/fuzz/corpus/$name findings=build/fuzz/findings/$name kept=testdata/fuzz/$name
    mkdir -p "$corpus" "$findings" build/fuzz/log
    if compgen -G "$kept/*" > /dev/null && ! "build/fuzz/bin/fuzz_$name" -timeout=10 -rss_limit_mb=2048 "$kept"/* > "$log" 2>&1; then
        tail -40 "$log"
        echo "fuzz $name: FAILED on a file of $kept"
        return 1
    fi
    local seeds=()
    [[ -d $kept ]] && seeds+=("$kept")
    [[ -d testdata/seeds/$name ]] && seeds+=("testdata/seeds/$name")
    if ! "build/fuzz/bin/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -max_len=65536 -artifact_prefix="$findings/" "$corpus" "${seeds[@]}" > "$log" 2>&1; then
        tail -60 "$log"
        echo "fuzz $name: FAILED, see $findings and $log"
        return 1
    fi
    echo "fuzz $name: ${seconds} s, $(awk '/number_of_executed_units/ { print $2 }' "$log") inputs, no finding"
}

scripts/setup.sh build test
configure fuzz
ninja -C build/fuzz -j "$JOBS" fuzz_programs > build/fuzz/ninja.log 2>&1 || {
    tail -40 build/fuzz/ninja.log
    die "the fuzz targets do not build"
}
[[ ${1:-} != --build ]] || exit 0
mapfile -t targets < <(cd build/fuzz/bin && ls fuzz_* | sed 's/^fuzz_//')
seconds=60
# What everything from outside goes through first gets a minute in every test run, the rest a sixth of it.
is_first() { [[ " file data_set json multipart query " == *" $1 "* ]]; }
seconds_of() {
    is_first "$1" && echo "$seconds" || echo $((seconds / (${in_tests:-0} ? 6 : 1)))
}
if [[ ${1:-} == --in-tests ]]; then
    in_tests=1
    shift
fi
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
elif [[ -n ${1:-} ]]; then
    targets=("$1")
    [[ -x build/fuzz/bin/fuzz_$1 ]] || die "there is no fuzz target '$1': $(ls build/fuzz/bin)"
    seconds=${2:-$seconds}
fi

# Two at a time: more would share two cores. The long ones go first, so that none is left alone at the end.
mapfile -t targets < <(for name in "${targets[@]}"; do is_first "$name" && echo "0 $name" || echo "1 $name"; done | sort | cut -d' ' -f2)
failed=0 running=0
wait_for_one() {
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
}
for name in "${targets[@]}"; do
    [[ $running -lt 2 ]] || wait_for_one
    fuzz_one "$name" "$(seconds_of "$name")" &
    running=$((running + 1))
done
while [[ $running -gt 0 ]]; do wait_for_one; done
echo "$((${#targets[@]} - failed)) passed, $failed failed"
[[ $failed -eq 0 ]]

# Shared by the scripts behind ./dev; sourced with the working folder at the root of the checkout.

# Debian's own interpreter: the one that sees python3-pydicom.
PYTHON=/usr/bin/python3
NODE_HOME=.cache/node
JOBS=${LARMOR_JOBS:-$(nproc)}

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

# Puts the node that setup brought, where it had to, in front of Debian's.
use_node() {
    if [[ -x $NODE_HOME/node_modules/.bin/node ]]; then
        PATH=$PWD/$NODE_HOME/node_modules/.bin:$PATH
    fi
}

# configure PRESET [-DX=Y ...]: only when there is no build folder yet or a flag is given;
# ninja notices changed CMake files by itself.
configure() {
    local preset=$1
    shift
    if [[ ! -f $(build_folder "$preset")/build.ninja || $# -gt 0 ]]; then
        cmake --preset "$preset" "$@"
    fi
}

# Two presets share a folder: `bench` is `release` with more programs.
build_folder() {
    [[ $1 == bench ]] && echo build/release || echo "build/$1"
}

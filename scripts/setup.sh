#!/usr/bin/env bash
# Installs what is missing: Debian packages, a newer node, npm packages. Says what it does, and does
# nothing, quickly, where nothing is missing. Arguments: the purposes of packages.txt.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/lib.sh

packages_for() {
    local purpose wanted=" $* " name condition command
    while read -r name condition command; do
        case $name in
            '' | '#'*) continue ;;
            '['*']') purpose=${name:1:-1} ;;
            *)
                [[ $wanted == *" $purpose "* ]] || continue
                [[ $condition == unless ]] && command -v "$command" > /dev/null && continue
                echo "$name"
                ;;
        esac
    done < scripts/packages.txt | sort -u
}

missing_of() {
    # "installed" only: a removed package with its configuration left is missing. dpkg-query fails
    # where it has never heard of one, which is what a fresh machine is like.
    local installed
    installed=$({ dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2> /dev/null || true; } |
        awk '$2 == "installed" { print $1 }' | sort -u)
    comm -23 <(printf '%s\n' "$@" | sort -u) <(echo "$installed")
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    else
        command -v sudo > /dev/null || die "not root and no sudo: run as root: $*"
        sudo "$@"
    fi
}

# Packages such as orthanc and nginx would start servers on their usual ports. Debian asks
# policy-rc.d first; where nobody has put one, ours says no while we install.
POLICY=/usr/sbin/policy-rc.d
forbid_services() {
    [[ -e $POLICY ]] && return
    printf '#!/bin/sh\n# by larmor ./dev setup, gone when it ends\nexit 101\n' |
        as_root tee $POLICY > /dev/null
    as_root chmod 755 $POLICY
    trap 'as_root rm -f $POLICY' EXIT
}

install_debian_packages() {
    local wanted missing
    mapfile -t wanted < <(packages_for "$@")
    mapfile -t missing < <(missing_of "${wanted[@]}")
    [[ ${#missing[@]} -eq 0 ]] && return
    command -v apt-get > /dev/null || die "this is not Debian; it needs: ${missing[*]}"
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    forbid_services
    as_root apt-get -o DPkg::Lock::Timeout=300 -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=300 install "${missing[@]}"
}

# What Vite asks for: ^20.19.0 || >=22.12.0 ("engines" in web/package.json).
node_is_new_enough() {
    local version major minor
    version=$("$1" --version 2> /dev/null) || return 1
    IFS=. read -r major minor _ <<< "${version#v}"
    ((major > 22 || (major == 22 && minor >= 12) || (major == 20 && minor >= 19)))
}

bring_node() {
    use_node
    node_is_new_enough node && return
    say "node $(node --version 2> /dev/null || echo '(none)') is older than the web build needs: npm install node@22"
    mkdir -p $NODE_HOME
    npm install --prefix $NODE_HOME --no-fund --no-audit --loglevel=error node@22.23.3
    use_node
    node_is_new_enough node || die "npm's node package brought no usable node into $NODE_HOME"
}

# npm_packages FOLDER: `npm ci`, when its lock file is not the one that was installed last.
npm_packages() {
    local lock=$1/package-lock.json stamp=$1/node_modules/.larmor-installed-lock
    [[ -f $lock ]] || return 0
    cmp -s "$lock" "$stamp" && return
    say "npm ci in $1"
    (cd "$1" && npm ci --no-fund --no-audit --loglevel=error)
    cp "$lock" "$stamp"
}

# OHIF's pages as its npm package has them. Not installed: that would bring hundreds of packages which only its
# build needs. Left out are source maps and the runtime of its segmentation models (110 MB), which no test opens.
bring_ohif() {
    local version=3.13.2 home=.cache/ohif packed
    local sha512=5997719a9986eeba85816f5924b71b82bdd70ad2e2d4a0cd3e831a798e4f3deea3e06e1f8c48e393271933a0ba664d85f3b04ac457e9abe8dde715d907d13c10
    [[ $(cat $home/version 2> /dev/null) == "$version" ]] && return
    say "npm pack @ohif/app@$version into $home"
    rm -rf $home && mkdir -p $home
    # npm keeps the 50 MB in its own cache: the next clean clone does not fetch them again.
    npm pack --prefer-offline --loglevel=error --pack-destination $home "@ohif/app@$version" > /dev/null
    packed=$home/ohif-app-$version.tgz
    sha512sum --check --quiet <<< "$sha512  $packed" || die "$packed is not the file that was looked at"
    tar -xzf "$packed" -C $home --strip-components=1 --exclude='*.map' --exclude=package/dist/ort package/dist
    rm "$packed"
    echo "$version" > $home/version
}

# npm_file NAME VERSION SHA512 HOME: the tarball of one npm package, without what it depends on; prints its path.
npm_file() {
    local packed
    packed=$4/$(npm pack --prefer-offline --loglevel=error --pack-destination "$4" "$1@$2")
    sha512sum --check --quiet <<< "$3  $packed" || die "$packed is not the file that was looked at"
    echo "$packed"
}

# DuckDB's library and, which that package lacks, the header of its C API.
bring_duckdb() {
    local version=1.4.4 home=.cache/duckdb packed
    local library=8c14cbfd6bdfc312d3a056bfa551df4fa7a532d96d2469dcdf04aec590fd39f325b62b7d614755152dfbbc1150cd7313d59f0e5a3b528cc87eccf2b13b01cb1c
    local sources=844249e61c9517454b8f776638ba6c5ab411d1bddde1892ab72826ea25178c72430e74aa83f5122b171be6abcdace84560f824b5ac94e9d5c2b603ea7269a9a2
    [[ $(cat $home/version 2> /dev/null) == "$version" ]] && return
    if [[ $(uname -m) != x86_64 ]]; then
        say "no DuckDB for $(uname -m): larmor is built without the lake and reports in Parquet, benchmarks run without it"
        return
    fi
    say "npm pack of DuckDB $version into $home"
    rm -rf $home && mkdir -p $home
    packed=$(npm_file @duckdb/node-bindings-linux-x64 $version-r.4 $library $home)
    tar -xzf "$packed" -C $home --strip-components=1 package/libduckdb.so package/LICENSE
    rm "$packed"
    packed=$(npm_file duckdb $version $sources $home)
    tar -xzf "$packed" -C $home --strip-components=5 package/src/duckdb/src/include/duckdb.h
    rm "$packed"
    echo "$version" > $home/version
}

install_debian_packages "$@"
if [[ " $* " == *" web "* ]]; then
    bring_node
    npm_packages web
fi
if [[ " $* " == *" test "* ]]; then
    npm_packages tests/end_to_end
    use_node
    bring_ohif
fi
if [[ " $* " == *" build "* || " $* " == *" bench "* ]]; then
    use_node
    bring_duckdb
fi

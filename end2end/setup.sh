#!/usr/bin/env bash
# Puts in place what building and testing need and this machine lacks; silent about what is there already.
#   end2end/setup.sh [wasm] [packages] [browser] [firefox] [postgres] [einvoice] [stripe] [mutants]
# `browser` and `firefox` print the path of the browser, `postgres` the folder of the server's programs, `einvoice` and `stripe` the path of a Python;
# everything else goes to stderr.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# debian PACKAGE PURPOSE: installs a Debian package, or says what has to be installed and stops.
debian() {
    local as_root=()
    command -v apt-get > /dev/null || fail "$2 is missing: install it (Debian's package is called $1), then run this again"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo > /dev/null && { [ -t 0 ] || sudo -n true 2> /dev/null; } || fail "$2 is missing: run 'apt-get install $1' as root, then run this again"
        as_root=(sudo)
    fi
    say "$2 is missing: installing Debian's $1"
    "${as_root[@]}" apt-get update -qq >&2 || say "the package lists could not be refreshed; trying with those that are there"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >&2 || fail "Debian's $1 could not be installed; install it, then run this again"
}

wasm() {
    local target=wasm32-unknown-unknown
    if ! [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
        command -v rustup > /dev/null || fail "this Rust has no $target: install Rust by rustup (https://rustup.rs), then run this again"
        say "adding Rust's $target"
        rustup target add "$target" >&2
    fi
    # The binder must be the version the library was built with.
    local version
    version=$(sed -n 's/^wasm-bindgen = .*"=\([0-9.]*\)".*/\1/p' Cargo.toml)
    if [ "$(binder)" != "$version" ]; then
        say "installing wasm-bindgen $version into target/tools (two to three minutes)"
        cargo install --quiet wasm-bindgen-cli --version "$version" --root target/tools >&2
        [ "$(binder)" = "$version" ] || fail "wasm-bindgen $version was installed but answers '$(binder)'"
    fi
}

binder() {
    PATH="$PWD/target/tools/bin:$PATH" wasm-bindgen --version 2> /dev/null | cut -d' ' -f2 || true
}

# What breaks the engine on purpose, to see whether a test notices.
mutants() {
    [ -x target/tools/bin/cargo-mutants ] && return
    say "installing cargo-mutants into target/tools (about five minutes)"
    cargo install --quiet cargo-mutants --version 27.1.0 --locked --root target/tools >&2
}

packages() {
    if ! [ end2end/node_modules/.package-lock.json -nt end2end/package-lock.json ]; then
        say "installing the packages of end2end (browser driver, wasm optimiser)"
        (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error >&2)
        touch end2end/node_modules/.package-lock.json
    fi
}

browser() {
    find_browser || { debian chromium "A Chromium for the browser tests"; find_browser; } || fail "Chromium was installed but is not on PATH"
}

find_browser() {
    [ -z "${CHROMIUM:-}" ] || { echo "$CHROMIUM"; return; }
    type -P chromium || type -P chromium-browser || type -P google-chrome || type -P google-chrome-stable
}

firefox() {
    find_firefox || { debian firefox-esr "A Firefox for the browser tests"; find_firefox; } || fail "Firefox was installed but is not on PATH"
}

find_firefox() {
    [ -z "${FIREFOX:-}" ] || { echo "$FIREFOX"; return; }
    # `type -P` looks on PATH only; `command -v firefox` would find the function above.
    type -P firefox-esr || type -P firefox
}

postgres() {
    find_postgres || { debian postgresql "The Postgres server, which the tests start one of their own of,"; find_postgres; } || fail "Postgres was installed but initdb was not found"
}

find_postgres() {
    local found
    found=$(command -v initdb || { ls -1 /usr/lib/postgresql/*/bin/initdb 2> /dev/null || true; } | sort -V | tail -1)
    [ -n "$found" ] && dirname "$found"
}

# The rules published with EN 16931, and what runs them. Two tests may ask at once: one installs, the other waits.
einvoice() {
    local here=target/tools/einvoice
    mkdir -p target/tools
    (
        flock 9
        if ! "$here/bin/python" -c 'import facturx, saxonche' 2> /dev/null; then
            python3 -c 'import venv, ensurepip' 2> /dev/null || debian python3-venv "Python's venv, for the rules of structured invoices,"
            say "installing the rules of structured invoices into $here"
            python3 -m venv "$here" >&2
            "$here/bin/pip" install --quiet --disable-pip-version-check factur-x==7.8 saxonche==13.1.1 >&2 ||
                fail "pip could not install factur-x and saxonche; run '$here/bin/pip install factur-x saxonche' to see why"
        fi
    ) 9> target/tools/einvoice.lock
    echo "$PWD/$here/bin/python"
}

# The stand-in for Stripe, a process of its own: see end2end/stripe.py.
stripe() {
    local here=target/tools/stripe
    mkdir -p target/tools
    (
        flock 9
        if ! [ "$here/.installed" -nt end2end/stripe.txt ]; then
            python3 -c 'import venv, ensurepip' 2> /dev/null || debian python3-venv "Python's venv, for the stand-in for Stripe,"
            say "installing a stand-in for Stripe into $here"
            python3 -m venv --clear "$here" >&2
            "$here/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r end2end/stripe.txt >&2 ||
                fail "pip could not install localstripe; run '$here/bin/pip install --no-deps -r end2end/stripe.txt' to see why"
            touch "$here/.installed"
        fi
    ) 9> target/tools/stripe.lock
    echo "$PWD/$here/bin/python"
}

for what in "$@"; do
    case $what in wasm | packages | browser | firefox | postgres | einvoice | stripe | mutants) "$what" ;; *) fail "unknown: $what" ;; esac
done

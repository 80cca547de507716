#!/bin/sh
# Gets what the tests need on a Debian or Ubuntu machine: C compilers of the gateways, an emulator for the other
# architecture, the dynamic loaders, and what checks a release's own texts: man pages, formula, book and CI files. What is
# there already is left alone; a second run only looks.
#
# Everything comes from the distribution, or its language's registry, by package name. Exit code 1, with the reason, if something could not be had.
set -eu

repo=$(cd "$(dirname "$0")/.." && pwd)
tools=${PLUGBUILD_TEST_TOOLS:-$repo/target/test-tools}
missing='' failed=''

say() { echo "setup: $*"; }
fail() { echo "setup: FAILED: $*" >&2; failed=1; }

# need WHAT PACKAGE TEST…: notes the package unless the test says that it is there.
need() {
    what=$1 package=$2
    shift 2
    if "$@"; then say "$what: there"; else say "$what: missing ($package)"; missing="$missing $package"; fi
}
command_is_there() { command -v "$1" >/dev/null; }
pip_is_there() { python3 -m pip --version >/dev/null 2>&1; }

case $(uname -m) in
    x86_64)
        other=aarch64 other_deb=arm64
        need "C compiler for glibc" gcc command_is_there gcc
        need "C compiler for musl" musl-tools command_is_there musl-gcc
        need "C compiler for arm64" gcc-aarch64-linux-gnu command_is_there aarch64-linux-gnu-gcc
        need "C library for arm64" libc6-dev-arm64-cross test -e /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1
        need "emulator for arm64" qemu-user-static command_is_there qemu-aarch64-static
        ;;
    aarch64)
        other=x86_64 other_deb=amd64
        need "C compiler for glibc" gcc command_is_there gcc
        need "C compiler for musl" musl-tools command_is_there musl-gcc
        need "C compiler for amd64" gcc-x86-64-linux-gnu command_is_there x86_64-linux-gnu-gcc
        need "C library for amd64" libc6-dev-amd64-cross test -e /usr/x86_64-linux-gnu/lib/ld-linux-x86-64.so.2
        need "emulator for amd64" qemu-user-static command_is_there qemu-x86_64-static
        ;;
    *) fail "$(uname -m) is neither x86_64 nor aarch64"; exit 1 ;;
esac
need "C library's headers" libc6-dev test -e /usr/include/stdio.h
need "python3" python3 command_is_there python3
need "pip (for the zig wheel)" python3-pip pip_is_there
need "what reads man pages" mandoc command_is_there mandoc
need "what reads the formula" ruby command_is_there ruby
need "what reads scripts" shellcheck command_is_there shellcheck
need "what installs npm packages" npm command_is_there npm
need "what the install script downloads with" curl command_is_there curl

if [ -n "$missing" ]; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    if ! command_is_there apt-get; then
        fail "no apt-get here to install$missing with"
    elif [ -n "$sudo" ] && ! $sudo true 2>/dev/null; then
        fail "not root, and no sudo without a password: run  sudo apt-get install$missing"
    else
        say "installing$missing"
        # shellcheck disable=SC2086 # a list of packages
        { $sudo apt-get -qq update &&
            $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y $missing >/dev/null; } ||
            fail "apt-get could not install$missing"
    fi
fi

# The other architecture's musl is only a loader in one file: it is unpacked in a folder of the tests, so the machine need
# not be told of a foreign architecture.
musl=$tools/musl-$other
if [ -e "$musl/lib/ld-musl-$other.so.1" ]; then
    say "musl loader for $other_deb: there"
elif ! command_is_there apt-get; then
    fail "no apt-get here to get musl:$other_deb with"
else
    say "unpacking musl:$other_deb in $musl"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/lists/partial" "$work/archives/partial"
    # A view of the same package sources as a machine of that architecture has it; nothing of this machine's is touched.
    apt_other() {
        apt-get -qq -o Dir::State="$work" -o Dir::State::status=/dev/null -o Dir::Cache="$work" \
            -o APT::Architecture=$other_deb -o APT::Architectures=$other_deb -o APT::Sandbox::User= "$@"
    }
    if (cd "$work" && apt_other update && apt_other download musl) && dpkg -x "$work"/musl_*.deb "$work/root"; then
        mkdir -p "$tools"
        rm -rf "$musl"
        mv "$work/root" "$musl"
    else
        fail "apt-get could not get musl:$other_deb (Ubuntu has it in another archive, which sources.list may lack)"
    fi
fi

# python WHAT FOLDER PACKAGE: a package of Python with what it needs, in a folder of the tests.
python() {
    if [ -d "$tools/$2" ]; then
        say "$1: there"
        return
    fi
    say "getting $1"
    if python3 -m pip -q install --no-warn-conflicts --root-user-action ignore --target "$tools/$2.new" "$3"; then
        mv "$tools/$2.new" "$tools/$2"
    else
        fail "pip could not get $3"
    fi
}
# What checks a bill of materials, and CI files, by their official schemas.
python "CycloneDX schema" python 'cyclonedx-python-lib[json-validation]'
python "schemas of CI files" ci-schemas check-jsonschema

actionlint=1.7.12
if [ -x "$tools/bin/actionlint" ]; then
    say "actionlint: there"
elif command_is_there go; then
    say "building actionlint"
    GOBIN=$tools/bin GOFLAGS='' go install "github.com/rhysd/actionlint/cmd/actionlint@v$actionlint" ||
        fail "go could not get actionlint"
else
    fail "no go here to build actionlint with"
fi

# Unoptimised, as building it takes longer than what it does.
mdbook=0.5.4
if [ -x "$tools/bin/mdbook" ]; then
    say "mdbook: there"
elif command_is_there cargo; then
    say "building mdbook"
    cargo -q install --debug --locked --no-default-features --root "$tools" --target-dir "$tools/mdbook-build" "mdbook@$mdbook" ||
        fail "cargo could not get mdbook"
    rm -rf "$tools/mdbook-build"
else
    fail "no cargo here to build mdbook with"
fi

# Rust's libraries for the static binaries of a release: only the test that makes one, which is not run by itself, wants them.
for target in aarch64-unknown-linux-musl x86_64-unknown-linux-musl; do
    if [ -d "$(rustc --print target-libdir --target "$target")" ]; then
        say "Rust for $target: there"
    elif command_is_there rustup; then
        say "getting Rust for $target"
        rustup -q target add "$target" || say "Rust for $target: rustup could not add it"
    else
        say "Rust for $target: no rustup here to get it with"
    fi
done

[ -z "$failed" ] || exit 1
say "ready"

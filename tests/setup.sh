#!/bin/sh
# Gets what the tests of the four targets need on a Debian or Ubuntu machine: C compilers of the gateways, an emulator for
# the other architecture, and the dynamic loaders. What is there already is left alone; a second run only looks.
#
# Everything comes from the distribution by package name. Exit code 1, with the reason, if something could not be had.
set -eu

repo=$(cd "$(dirname "$0")/.." && pwd)
tools=${PLUGBUILD_TEST_TOOLS:-$repo/target/test-tools}
missing= failed=

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

# The official schema of a bill of materials, and what checks one by it.
python=$tools/python
if [ -d "$python/cyclonedx" ]; then
    say "CycloneDX schema: there"
else
    say "getting the CycloneDX schema"
    python3 -m pip -q install --no-warn-conflicts --root-user-action ignore --target "$python.new" 'cyclonedx-python-lib[json-validation]' && mv "$python.new" "$python" ||
        fail "pip could not get cyclonedx-python-lib"
fi

[ -z "$failed" ] || exit 1
say "ready"

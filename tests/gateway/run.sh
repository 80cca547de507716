#!/bin/sh
# Runs a program of one of the four targets on this machine, under user-mode emulation where it must be.
#
#   run.sh TARGET PROGRAM ARGS…
#
# tests/setup.sh gets what this needs; where it could not, the exit code is 125 and the reason is on standard error.
set -eu

die() { echo "run.sh: $*" >&2; exit 125; }
[ $# -ge 2 ] || die "usage: run.sh TARGET PROGRAM ARGS…"
self=$(cd "$(dirname "$0")" && pwd)/run.sh
target=$1
shift
case $target in
    amd64-*) cpu=x86_64 ;;
    arm64-*) cpu=aarch64 ;;
    *) die "unknown target $target" ;;
esac

# The gateway's `open` starts itself anew, and has to go through here again: an emulated process can't start one of its kind.
GATEWAY_RUNNER=$(printf '%s\n%s' "$self" "$target")
export GATEWAY_RUNNER

tools=${PLUGBUILD_TEST_TOOLS:-$(dirname "$self")/../../target/test-tools}
case $target in
    *-musl) root=$tools/musl-$cpu loader=lib/ld-musl-$cpu.so.1 ;;
    amd64-glibc) root=/usr/x86_64-linux-gnu loader=lib/ld-linux-x86-64.so.2 ;;
    arm64-glibc) root=/usr/aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1 ;;
    *) die "unknown target $target" ;;
esac

if [ "$(uname -m)" = $cpu ]; then
    case $target in *-musl) [ -e /$loader ] || die "no /$loader here" ;; esac
    exec "$@"
fi
[ -e "$root/$loader" ] || die "no $loader in $root"
command -v qemu-$cpu-static >/dev/null || die "no qemu-$cpu-static here"
exec qemu-$cpu-static -L "$root" "$@"

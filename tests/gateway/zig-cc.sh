#!/bin/sh
# zig-cc.sh ZIG TRIPLE ARGS…: zig as the C compiler of a Go build for another machine.
zig=$1 triple=$2
shift 2

# Go on arm64 asks for GNU gold, and gives up when it hears that it is there but is another linker: that question fails.
gold=
for arg; do
    shift
    case $arg in
        -fuse-ld=gold) gold=1 ;;
        *) set -- "$@" "$arg" ;;
    esac
done
if [ -n "$gold" ]; then case " $* " in *" -Wl,--version "*) exit 1 ;; esac fi

# A gateway opens plugins with the dynamic loader, and zig would link a musl program statically.
exec "$zig" cc -target "$triple" -dynamic -fno-sanitize=undefined "$@"

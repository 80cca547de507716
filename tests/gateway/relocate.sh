#!/bin/sh
# relocate.sh MODULES APP TOOL ARGS…: runs one of Go's tools (go build -toolexec) so that it writes /go/pkg/mod and /app
# where it reads MODULES and APP, as if the official build's paths were this machine's.
#
# This leaves no flag in the binary's build info, as the official one has none, and it is another way than plugbuild's
# own, so that the two can't share a mistake.
modules=$1 app=$2
shift 2

# What a relocated tool makes must not be taken from the build cache, or put there, as if a plain one had made it.
if [ "$2" = -V=full ]; then
    said=$("$@") || exit
    echo "$said relocated"
    exit
fi

rule=
for arg; do
    shift
    [ -z "$rule" ] || arg="$arg;$app=>/app;$modules=>/go/pkg/mod"
    rule=
    [ "$arg" != -trimpath ] || rule=next
    set -- "$@" "$arg"
done
exec "$@"

#!/bin/sh
# Puts a real plugin and its gateway into the corpus of each fuzz target.
#
#   corpus.sh PLUGIN.so KRAKEND
set -eu
[ $# -eq 2 ] || { echo "usage: corpus.sh PLUGIN.so KRAKEND" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
for target in image buildinfo pclntab; do
    mkdir -p "$here/corpus/$target"
    cp "$1" "$here/corpus/$target/plugin"
    cp "$2" "$here/corpus/$target/gateway"
done
mkdir -p "$here/corpus/verdict"
cat "$1" "$2" >"$here/corpus/verdict/pair"

#!/bin/sh
# Builds the test gateway of one release for one target, the way upstream builds the official one.
#
#   build.sh RELEASE TARGET GOROOT ZIG OUT
#
#   RELEASE  a folder of releases/, such as 2.12.1
#   TARGET   amd64-glibc, amd64-musl, arm64-glibc or arm64-musl
#   GOROOT   the Go to build with; its version is the gateway's
#   ZIG      a zig, for targets that no C compiler of this machine is for (- for none)
#   OUT      the binary to write; a second call with the same inputs leaves it as it is
#
# Upstream builds in /app with its modules in /go/pkg/mod and without -trimpath, so those two paths are part of each
# package's hash. relocate.sh makes the compiler write them in place of the real ones, so no root is needed.
# This is what plugbuild is judged by, so nothing here may use plugbuild.
set -eu

die() { echo "build.sh: $*" >&2; exit 1; }
[ $# -eq 5 ] || die "usage: build.sh RELEASE TARGET GOROOT ZIG OUT"
release=$1 target=$2 goroot=$3 zig=$4 out=$5

here=$(cd "$(dirname "$0")" && pwd)
data=$here/releases/$release
[ -f "$data/go.mod" ] || die "no release $release: there is $(ls "$here/releases" | tr '\n' ' ')"
[ -x "$goroot/bin/go" ] || die "no Go in $goroot"
case $target in
    amd64-glibc | amd64-musl | arm64-glibc | arm64-musl) arch=${target%-*} libc=${target#*-} ;;
    *) die "unknown target $target" ;;
esac
mkdir -p "$(dirname "$out")"
dir=$(cd "$(dirname "$out")" && pwd)
out=$dir/$(basename "$out")

# ---- the C compiler: the machine's own for this target, else zig -------------------------------------------------
extld=
case $arch-$libc-$(uname -m) in
    amd64-glibc-x86_64 | arm64-glibc-aarch64) cc=gcc ;;
    amd64-musl-x86_64 | arm64-musl-aarch64) cc=musl-gcc ;;
    amd64-glibc-*) cc=x86_64-linux-gnu-gcc ;;
    arm64-glibc-*) cc=aarch64-linux-gnu-gcc ;;
    arm64-musl-*) cc=aarch64-linux-musl-gcc ;;
    amd64-musl-*) cc=x86_64-linux-musl-gcc ;;
esac
if command -v $cc >/dev/null; then
    compiler="$cc $($cc -dumpfullversion)"
    # Go asks for GNU gold on arm64; a cross compiler mostly has none, and bfd links well.
    [ $arch != arm64 ] || extld=-fuse-ld=bfd
elif [ -x "$zig" ]; then
    compiler="zig $("$zig" version)"
    case $arch in amd64) cpu=x86_64 ;; arm64) cpu=aarch64 ;; esac
    case $libc in musl) abi=musl ;; glibc) abi=gnu.2.31 ;; esac
    cc="'$here/zig-cc.sh' '$zig' $cpu-linux-$abi"
else
    die "no C compiler for $target: neither $cc nor a zig ($zig)"
fi

# ---- unchanged? ---------------------------------------------------------------------------------------------------
go_version=$("$goroot/bin/go" env GOVERSION)
module=$(sed -n 's/^module //p' "$data/go.mod")
api=$(sed -n 's|.*github.com/\(krakend[a-z]*\)/krakend-cobra/.*|\1|p' "$data/go.mod")
sources="$here/*.go $here/api/$api/*.go $data/go.mod $data/go.sum $data/libc $here/*.sh"
stamp=$( (echo "$target $go_version $compiler"; cat $sources) | sha256sum | cut -d' ' -f1)
if command -v flock >/dev/null; then
    exec 9>"$out.lock"
    flock 9
fi
if [ -f "$out" ] && [ "$(cat "$out.stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
rm -f "$out.stamp"

# ---- the module, laid out as upstream's ---------------------------------------------------------------------------
app=$out.src
rm -rf "$app"
mkdir -p "$app/cmd/krakend-ce"
cp "$data/go.mod" "$data/go.sum" "$app/"
cp "$here"/*.go "$here/api/$api"/*.go "$app/cmd/krakend-ce/"

# ---- build --------------------------------------------------------------------------------------------------------
core=github.com/luraproject/lura/v2/core
ldflags="-X $core.KrakendVersion=$release -X $core.GlibcVersion=$(sed -n "s/^$libc //p" "$data/libc")"
case $api in
    krakendio) ldflags="$ldflags -X $core.GoVersion=${go_version#go}" ;; # the older lura has to be told
    krakend) ldflags="-X $module/pkg.Version=$release $ldflags" ;;
esac
[ -z "$extld" ] || ldflags="$ldflags -extldflags=$extld"

unset GOROOT GOAMD64 GOARM64 GOEXPERIMENT CGO_CFLAGS CGO_LDFLAGS
export GOTOOLCHAIN=local GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false'
export GOOS=linux GOARCH=$arch CGO_ENABLED=1 CC="$cc"
modules=$("$goroot/bin/go" env GOMODCACHE)
cd "$app"
"$goroot/bin/go" build -toolexec "'$here/relocate.sh' '$modules' '$app'" -ldflags "$ldflags" -o "$out.new" ./cmd/krakend-ce
cd "$dir"
mv "$out.new" "$out"
rm -rf "$app"
echo "$stamp" >"$out.stamp"

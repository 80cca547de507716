#!/bin/sh
# Builds the test gateway of one release for one target, the way upstream builds the official one.
#
#   build.sh RELEASE TARGET GOROOT ZIG OUT
#
#   RELEASE  one of toolchains/releases.toml, such as 2.12.1
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
matrix=$here/../../toolchains
row=$(sed -n "/^version = \"$release\"/,/^\$/p" "$matrix/releases.toml")
[ -n "$row" ] || die "no release $release in toolchains/releases.toml"
field() { echo "$row" | sed -n "s/^$1 = \"\(.*\)\"/\1/p"; }
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
module=$(field main_module)
api=$(echo "$module" | cut -d/ -f2) # the name KrakenD's modules had then
[ -d "$here/api/$api" ] || die "no gateway of release $release: its modules are $api's, which api/ has no file for"
requirements=$(awk -v release="$release" -f "$here/require.awk" "$matrix/modules.txt" | sort)
case $requirements in
    *github.com/krakend/krakend-koanf*) parser=koanf ;;
    *github.com/krakendio/krakend-viper/v2*) parser=viper ;;
    *) parser=lura ;;
esac
stamp=$(
    cd "$here"
    { echo "$target $go_version $compiler $row $requirements"; cat ./*.go "api/$api"/*.go "parser/$parser"/*.go ./*.sh; } | sha256sum | cut -d' ' -f1
)
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
cp "$here"/*.go "$here/api/$api"/*.go "$here/parser/$parser"/*.go "$app/cmd/krakend-ce/"
case $go_version in
    go1.1* | go1.20*) language=${go_version%.*} ;; # which knew no patch version in go.mod
    *) language=$go_version ;;
esac
{
    echo "module $module"
    echo "go ${language#go}"
    echo "$requirements"
} >"$app/go.mod"
awk '{ print $1, $2, $3; print $1, $2 "/go.mod", $4 }' "$matrix/sums.txt" | grep -v ' -$' >"$app/go.sum"

# ---- build --------------------------------------------------------------------------------------------------------
core=github.com/luraproject/lura/v2/core
case $libc in
    musl) libc_version="MUSL-$(field musl)_(alpine-$(field alpine).0)" ;;
    glibc) libc_version="GLIBC-$(field glibc)_(debian-$(case $(field glibc) in 2.31) echo 11 ;; *) echo 12 ;; esac))" ;;
esac
ldflags="-X $core.KrakendVersion=$release -X $core.GlibcVersion=$libc_version"
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

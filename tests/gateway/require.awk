# Prints a release's requirements and replacements as go.mod has them, from toolchains/modules.txt: there each release is
# written as what it changed in the one before it.
#
#   awk -v release=2.1.4 -f require.awk modules.txt
/^\[/ {
    if (reached) exit
    reached = ($0 == "[" release "]")
    next
}
$1 == "+" { version[$2] = $3 }
$1 == "~" { version[$2] = $5 }
$1 == "-" { delete version[$2]; delete instead[$2]; next }
$1 == "+" || $1 == "~" {
    delete instead[$2]
    if ($(NF - 1) == "=>") { instead[$2] = $NF; sub("@", " ", instead[$2]) }
}
END {
    if (!reached) exit 1
    for (module in version) {
        print "require " module " " version[module]
        if (module in instead) print "replace " module " " version[module] " => " instead[module]
    }
}

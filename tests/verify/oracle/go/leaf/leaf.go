// Package leaf is what everything here shares; the number in its text is its version's.
package leaf

import (
	"fmt"
	"net"
)

// Pair is of another size in another version.
type Pair struct {
	A, B int
	// FIELDS
}

// Hello makes package net, which has C code, a part of what is shared.
func Hello(p Pair) string {
	return fmt.Sprint(p, net.IPv4zero, "VERSION")
}

// Busy calls something that profile-guided builds like to inline.
func Busy(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum += step(i) + step(sum)
	}
	return sum
}

func step(i int) int {
	switch {
	case i%3 == 0:
		return i / 3
	case i%5 == 0:
		return i/5 + i%7*i%11 - i%13
	default:
		return i*i%17 + i%19 - i%23*3 + i%29
	}
}

// Package mid requires leaf.
package mid

import "example.org/leaf"

// Hello has a type of leaf in its exported body.
func Hello() string { return leaf.Hello(leaf.Pair{A: 1}) + "VERSION" }

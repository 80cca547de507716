// Package bare is shared, and imports nothing: all that is compiled with it is the runtime.
package bare

// Hello says which version it is. It is never inlined, so that its file is in every line table.
//
//go:noinline
func Hello() string { return "bare VERSION" }

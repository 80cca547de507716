// Package extra is linked by some only.
package extra

// Hello says which version it is.
func Hello() string { return "extra VERSION" }

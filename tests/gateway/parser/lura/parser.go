package main

import "github.com/luraproject/lura/v2/config"

// newParser is stricter than the official gateway's, whose module of that release is not to be had.
func newParser() config.Parser { return config.NewParser() }

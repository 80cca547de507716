package main

import (
	koanf "github.com/krakend/krakend-koanf"
	"github.com/luraproject/lura/v2/config"
)

// newParser is the official gateway's parser since 2.12.
func newParser() config.Parser { return koanf.New() }

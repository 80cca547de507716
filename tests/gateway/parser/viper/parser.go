package main

import (
	viper "github.com/krakendio/krakend-viper/v2"
	"github.com/luraproject/lura/v2/config"
)

// newParser is the official gateway's parser up to 2.10.
func newParser() config.Parser { return viper.New() }

package main

import (
	cmd "github.com/krakendio/krakend-cobra/v2"
	"github.com/luraproject/lura/v2/config"
	"github.com/spf13/cobra"
)

// execute hands over to KrakenD's own command line, with our commands added to it.
func execute(parser config.Parser, run func(config.ServiceConfig), extra ...*cobra.Command) {
	root := cmd.DefaultRoot
	for _, command := range extra {
		root.AddSubCommand(command)
	}
	cmd.ExecuteRoot(parser, run, root)
}

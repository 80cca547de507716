package main

import (
	"github.com/luraproject/lura/v2/logging"
	modifier "github.com/luraproject/lura/v2/proxy/plugin"
	client "github.com/luraproject/lura/v2/transport/http/client/plugin"
	server "github.com/luraproject/lura/v2/transport/http/server/plugin"
)

// kind is one of the plugin types the gateway knows, with the loader that takes them in.
type kind struct {
	name   string // as it is called on the command line and in the log
	symbol string // what the plugin exports
	load   func(folder, pattern string, logger logging.Logger) (int, error)
	usable func(symbol interface{}) bool // whether the loader would accept it
}

var kinds = []kind{
	{
		name:   "client",
		symbol: "ClientRegisterer",
		load: func(folder, pattern string, logger logging.Logger) (int, error) {
			return client.LoadWithLogger(folder, pattern, client.RegisterClient, logger)
		},
		usable: func(symbol interface{}) bool { _, ok := symbol.(client.Registerer); return ok },
	},
	{
		name:   "server",
		symbol: "HandlerRegisterer",
		load: func(folder, pattern string, logger logging.Logger) (int, error) {
			return server.LoadWithLogger(folder, pattern, server.RegisterHandler, logger)
		},
		usable: func(symbol interface{}) bool { _, ok := symbol.(server.Registerer); return ok },
	},
	{
		name:   "modifier",
		symbol: "ModifierRegisterer",
		load: func(folder, pattern string, logger logging.Logger) (int, error) {
			return modifier.LoadWithLogger(folder, pattern, modifier.RegisterModifier, logger)
		},
		usable: func(symbol interface{}) bool { _, ok := symbol.(modifier.Registerer); return ok },
	},
}

// loadPlugins tries each file of the folder with each loader, as the gateway does when it starts: a file that exports
// no symbol of that kind is an error of that loader, said in the log and no reason to stop.
func loadPlugins(folder, pattern string, logger logging.Logger) {
	for _, kind := range kinds {
		n, err := kind.load(folder, pattern, logger)
		if err != nil {
			logger.Debug("[SERVICE: Plugin Loader]", kind.name+":", err)
		}
		logger.Info("[SERVICE: Plugin Loader]", "Total", kind.name, "plugins loaded:", n)
	}
}

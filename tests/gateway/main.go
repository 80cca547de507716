// Command krakend-ce is the gateway that plugbuild's tests load plugins into.
//
// It is a real one, only small: KrakenD's own router, plugin loaders and command line, at the module versions of the
// release that build.sh was asked for, under that release's main module path. What decides whether a plugin loads is
// thus the same as in the official binary.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/luraproject/lura/v2/config"
	modifier "github.com/luraproject/lura/v2/proxy/plugin"
	client "github.com/luraproject/lura/v2/transport/http/client/plugin"
	server "github.com/luraproject/lura/v2/transport/http/server/plugin"
)

// aliases are the short names under which a configuration asks for a plugin.
var aliases = map[string]string{
	"plugin/http-server":       server.Namespace,
	"plugin/http-client":       client.Namespace,
	"plugin/req-resp-modifier": modifier.Namespace,
}

func main() {
	for short, namespace := range aliases {
		config.ExtraConfigAlias[short] = namespace
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	execute(newParser(), func(cfg config.ServiceConfig) { serve(ctx, cfg) }, testPluginCmd, openCmd, parseCmd)
}

package main

import (
	"context"
	"os"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/core"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	router "github.com/luraproject/lura/v2/router/gin"
	httpclient "github.com/luraproject/lura/v2/transport/http/client"
	client "github.com/luraproject/lura/v2/transport/http/client/plugin"
	httpserver "github.com/luraproject/lura/v2/transport/http/server"
	server "github.com/luraproject/lura/v2/transport/http/server/plugin"
)

// serve runs the gateway that cfg describes until ctx is done.
func serve(ctx context.Context, cfg config.ServiceConfig) {
	cfg.Normalize() // the short names of plugin kinds become their namespaces
	logger, err := logging.NewLogger("DEBUG", os.Stdout, "[KRAKEND]")
	if err != nil {
		panic(err)
	}
	logger.Info("Starting KrakenD v" + core.KrakendVersion)
	if cfg.Plugin != nil {
		loadPlugins(cfg.Plugin.Folder, cfg.Plugin.Pattern, logger)
	}

	factory := router.NewFactory(router.Config{
		Engine:         router.NewEngine(cfg, router.EngineOptions{Logger: logger, Writer: os.Stdout}),
		ProxyFactory:   proxy.NewDefaultFactory(backends(logger), logger),
		Logger:         logger,
		HandlerFactory: router.EndpointHandler,
		RunServer:      router.RunServerFunc(server.New(logger, httpserver.RunServerWithLoggerFactory(logger))),
	})
	factory.NewWithContext(ctx).Run(cfg)
}

// backends calls a backend over HTTP, through a client plugin where the configuration names one.
func backends(logger logging.Logger) proxy.BackendFactory {
	plain := func(*config.Backend) httpclient.HTTPRequestExecutor {
		return httpclient.DefaultHTTPRequestExecutor(httpclient.NewHTTPClient)
	}
	executor := client.HTTPRequestExecutor(logger, plain)
	return func(backend *config.Backend) proxy.Proxy {
		return proxy.NewHTTPProxyWithHTTPExecutor(backend, executor(backend), backend.Decoder)
	}
}

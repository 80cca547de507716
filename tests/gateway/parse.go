package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sort"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	modifier "github.com/luraproject/lura/v2/proxy/plugin"
	httpclient "github.com/luraproject/lura/v2/transport/http/client"
	client "github.com/luraproject/lura/v2/transport/http/client/plugin"
	server "github.com/luraproject/lura/v2/transport/http/server/plugin"
	"github.com/spf13/cobra"
)

// parsed is what the gateway would do with a configuration.
type parsed struct {
	File     string         `json:"file"`
	Starts   bool           `json:"starts"`
	Error    string         `json:"error,omitempty"`
	Loader   *config.Plugin `json:"loader,omitempty"` // the folder and pattern, where it loads plugins at all
	Injected []string       `json:"injected"`         // "handler auth": each name it looks up, sorted, each once
}

// parseCmd only parses, with the parser that `run` has, and lets the gateway's own code look up each plugin's name.
var parseCmd = &cobra.Command{
	Use:   "parse FILE...",
	Short: "Prints for each file one JSON line: whether the gateway starts with it, and which plugins it injects.",
	Args:  cobra.MinimumNArgs(1),
	Run: func(_ *cobra.Command, files []string) {
		out := json.NewEncoder(os.Stdout)
		for _, file := range files {
			out.Encode(parse(file))
		}
	},
}

func parse(file string) (result parsed) {
	result = parsed{File: filepath.Base(file), Injected: []string{}}
	// What the gateway does not survive is no start either.
	defer func() {
		if why := recover(); why != nil {
			result.Starts, result.Error = false, fmt.Sprint("panic: ", why)
		}
	}()
	cfg, err := newParser().Parse(file)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	cfg.Normalize()
	result.Starts, result.Loader = true, cfg.Plugin
	seen := map[string]bool{}
	found := func(kind, name string) { seen[kind+" "+name] = true }
	// Something is registered in any case, or lura's code stops before it reads a name.
	register("", found)
	for _, name := range names(cfg) {
		register(name, found)
	}
	inject(cfg)
	for name := range seen {
		result.Injected = append(result.Injected, name)
	}
	sort.Strings(result.Injected)
	return result
}

// names are all texts of a configuration: whichever the gateway takes for a plugin's name is one of them.
func names(cfg config.ServiceConfig) []string {
	texts := []string{}
	var walk func(value interface{})
	walk = func(value interface{}) {
		switch value := value.(type) {
		case string:
			texts = append(texts, value)
		case []interface{}:
			for _, item := range value {
				walk(item)
			}
		case map[string]interface{}:
			for _, item := range value {
				walk(item)
			}
		}
	}
	each := func(extra config.ExtraConfig, backends []*config.Backend) {
		walk(map[string]interface{}(extra))
		for _, backend := range backends {
			walk(map[string]interface{}(backend.ExtraConfig))
		}
	}
	each(cfg.ExtraConfig, nil)
	for _, endpoint := range cfg.Endpoints {
		each(endpoint.ExtraConfig, endpoint.Backend)
	}
	for _, agent := range cfg.AsyncAgents {
		each(agent.ExtraConfig, agent.Backend)
	}
	return texts
}

// register makes a plugin of each kind that goes by a name and says when it is injected.
func register(name string, found func(kind, name string)) {
	server.RegisterHandler(name, func(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
		found("handler", name)
		return next, nil
	})
	client.RegisterClient(name, func(context.Context, map[string]interface{}) (http.Handler, error) {
		found("client", name)
		return http.NotFoundHandler(), nil
	})
	modifier.RegisterModifier(name, func(map[string]interface{}) func(interface{}) (interface{}, error) {
		found("modifier", name)
		return func(input interface{}) (interface{}, error) { return input, nil }
	}, true, false)
}

// inject runs what the gateway runs when it starts, up to the point where it would serve.
func inject(cfg config.ServiceConfig) {
	logger := logging.NoOp
	done := func(context.Context, config.ServiceConfig, http.Handler) error { return nil }
	server.New(logger, done)(context.Background(), cfg, http.NotFoundHandler())

	plain := func(*config.Backend) httpclient.HTTPRequestExecutor { return nil }
	executor := client.HTTPRequestExecutor(logger, plain)
	pipe := func(endpoint *config.EndpointConfig) {
		proxy.NewPluginMiddleware(logger, endpoint)
		for _, backend := range endpoint.Backend {
			proxy.NewBackendPluginMiddleware(logger, backend)
			executor(backend)
		}
	}
	for _, endpoint := range cfg.Endpoints {
		pipe(endpoint)
	}
	for _, agent := range cfg.AsyncAgents {
		// As lura's async agents do.
		pipe(&config.EndpointConfig{Endpoint: agent.Name, Backend: agent.Backend, ExtraConfig: agent.ExtraConfig})
	}
}

// Package main is a KrakenD handler plugin: it wraps the gateway's HTTP server.
package main

import (
	"context"
	"net/http"
)

// pluginName is what krakend.json calls this plugin.
const pluginName = "plugin-name"

// HandlerRegisterer is the variable the gateway looks up.
var HandlerRegisterer = registerer(pluginName)

type registerer string

// RegisterHandlers is called once, when the gateway loads the plugin.
func (r registerer) RegisterHandlers(register func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	register(string(r), newHandler)
}

// newHandler is called once for each place that krakend.json injects the plugin in; extra is what it has there for it.
func newHandler(_ context.Context, extra map[string]interface{}, next http.Handler) (http.Handler, error) {
	header := "X-Plugin"
	if set, ok := settings(extra, pluginName)["header"].(string); ok {
		header = set
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set(header, pluginName)
		next.ServeHTTP(w, req)
	}), nil
}

// settings are the plugin's own. Configuration 3 gives every plugin the whole object of its type, with the settings under its
// name; should a gateway give the settings alone, as configuration 4 has them under "config", these are all there is.
func settings(extra map[string]interface{}, name string) map[string]interface{} {
	if own, ok := extra[name].(map[string]interface{}); ok {
		return own
	}
	return extra
}

// main is never called: a plugin is opened, not run.
func main() {}

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

// newHandler is called once for each place that krakend.json injects the plugin in. extra is the whole object under
// "plugin/http-server"; the plugin's own settings are kept under its name.
func newHandler(_ context.Context, extra map[string]interface{}, next http.Handler) (http.Handler, error) {
	header := "X-Plugin"
	if own, ok := extra[pluginName].(map[string]interface{}); ok {
		if set, ok := own["header"].(string); ok {
			header = set
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set(header, pluginName)
		next.ServeHTTP(w, req)
	}), nil
}

// main is never called: a plugin is opened, not run.
func main() {}

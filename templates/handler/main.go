// Command plugin-name is a KrakenD handler plugin: it wraps the gateway's HTTP server.
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

// RegisterLogger is called before RegisterHandlers, with the gateway's logger.
func (registerer) RegisterLogger(in interface{}) {
	if gateways, ok := in.(Logger); ok {
		logger = gateways
		logger.Debug("[PLUGIN: " + pluginName + "] loaded")
	}
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

// Logger is what the gateway's logger can do.
type Logger interface {
	Debug(v ...interface{})
	Info(v ...interface{})
	Warning(v ...interface{})
	Error(v ...interface{})
	Critical(v ...interface{})
	Fatal(v ...interface{})
}

// silent is the logger until the gateway gives its own, and in tests.
type silent struct{}

func (silent) Debug(...interface{})    {}
func (silent) Info(...interface{})     {}
func (silent) Warning(...interface{})  {}
func (silent) Error(...interface{})    {}
func (silent) Critical(...interface{}) {}
func (silent) Fatal(...interface{})    {}

var logger Logger = silent{}

func main() {}

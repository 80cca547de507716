// Command plugin-name is a KrakenD client plugin: it takes the place of a backend's HTTP client.
package main

import (
	"context"
	"io"
	"net/http"
)

// pluginName is what krakend.json calls this plugin.
const pluginName = "plugin-name"

// ClientRegisterer is the variable the gateway looks up.
var ClientRegisterer = registerer(pluginName)

type registerer string

// RegisterClients is called once, when the gateway loads the plugin.
func (r registerer) RegisterClients(register func(
	name string,
	handler func(context.Context, map[string]interface{}) (http.Handler, error),
)) {
	register(string(r), newClient)
}

// RegisterLogger is called before RegisterClients, with the gateway's logger.
func (registerer) RegisterLogger(in interface{}) {
	if gateways, ok := in.(Logger); ok {
		logger = gateways
		logger.Debug("[PLUGIN: " + pluginName + "] loaded")
	}
}

// newClient is called once for each backend that krakend.json injects the plugin in. extra is the whole object under
// "plugin/http-client"; the plugin's own settings are kept under its name.
func newClient(_ context.Context, extra map[string]interface{}) (http.Handler, error) {
	header := "X-Plugin"
	if own, ok := extra[pluginName].(map[string]interface{}); ok {
		if set, ok := own["header"].(string); ok {
			header = set
		}
	}
	client := &http.Client{}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		response, err := client.Do(req)
		if err != nil {
			logger.Error("[PLUGIN: "+pluginName+"]", err)
			http.Error(w, "the backend did not answer", http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		for name, values := range response.Header {
			w.Header()[name] = values
		}
		w.Header().Set(header, pluginName)
		w.WriteHeader(response.StatusCode)
		if _, err := io.Copy(w, response.Body); err != nil {
			logger.Error("[PLUGIN: "+pluginName+"]", err)
		}
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

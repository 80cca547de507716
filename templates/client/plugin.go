// Package main is a KrakenD client plugin: it takes the place of a backend's HTTP client.
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

// main is never called: a plugin is opened, not run.
func main() {}

// Package main is a KrakenD http-client plugin: it calls a backend anew when that answers with a server error.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// ClientRegisterer is the symbol that the gateway looks for; its value is the name of the plugin in the configuration.
var ClientRegisterer = registerer("retry")

type registerer string

// RegisterClients tells the gateway the plugin's name and how to make its client.
func (r registerer) RegisterClients(register func(
	name string,
	handler func(context.Context, map[string]interface{}) (http.Handler, error),
)) {
	register(string(r), r.newClient)
}

// newClient returns the handler that stands for the backend. The plugin's own settings are found under its name.
func (r registerer) newClient(_ context.Context, extra map[string]interface{}) (http.Handler, error) {
	attempts := 3
	if settings, ok := extra[string(r)].(map[string]interface{}); ok {
		if wanted, ok := settings["attempts"]; ok {
			n, ok := wanted.(float64) // what a number in JSON becomes
			if !ok || n < 1 {
				return nil, fmt.Errorf("%s: attempts must be a number from 1, not %v", r, wanted)
			}
			attempts = int(n)
		}
	}
	logger.Info(fmt.Sprintf("[PLUGIN: %s] up to %d attempts for each request", r, attempts))

	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		answer, err := call(req, attempts)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		if _, err := io.Copy(w, answer.Body); err != nil {
			logger.Error("the backend's answer broke off:", err)
		}
	}), nil
}

// call sends the request until an answer is not a server error, and returns the last answer otherwise. A request with a
// body is sent once: it can't be read a second time.
func call(req *http.Request, attempts int) (*http.Response, error) {
	for n := 1; ; n++ {
		answer, err := http.DefaultTransport.RoundTrip(req)
		again := n < attempts && req.ContentLength == 0 && req.Context().Err() == nil
		if !again || (err == nil && answer.StatusCode < http.StatusInternalServerError) {
			return answer, err
		}
		if err == nil {
			answer.Body.Close()
		}
		logger.Info(fmt.Sprintf("[PLUGIN: %s] attempt %d of %d failed: %s", ClientRegisterer, n, attempts, req.URL))
	}
}

// main is never called: a plugin is opened, not run.
func main() {}

// Package main is a middleware plugin of KrakenD's Enterprise edition: it wraps an endpoint or a backend.
package main

import (
	"context"
	"errors"
	"io"
)

// pluginName is what krakend.json calls this plugin.
const pluginName = "plugin-name"

// MiddlewareRegisterer is the variable the gateway looks up.
var MiddlewareRegisterer = registerer(pluginName)

type registerer string

// RegisterMiddlewares is called once, when the gateway loads the plugin.
func (r registerer) RegisterMiddlewares(register func(
	name string,
	middlewareFactory func(
		map[string]interface{},
		func(context.Context, interface{}) (interface{}, error),
	) func(context.Context, interface{}) (interface{}, error),
)) {
	register(string(r), newMiddleware)
}

var errUnknownType = errors.New(pluginName + ": the gateway gave something else than it should")

// newMiddleware is called once for each place that krakend.json injects the plugin in; extra is what it has there for it,
// next is the rest of the pipe.
func newMiddleware(
	extra map[string]interface{},
	next func(context.Context, interface{}) (interface{}, error),
) func(context.Context, interface{}) (interface{}, error) {
	header := "X-Plugin"
	if set, ok := settings(extra, pluginName)["header"].(string); ok {
		header = set
	}
	return func(ctx context.Context, req interface{}) (interface{}, error) {
		out, err := next(ctx, req)
		if err != nil {
			return out, err
		}
		resp, ok := out.(ResponseWrapper)
		if !ok {
			return nil, errUnknownType
		}
		headers := map[string][]string{}
		for name, values := range resp.Headers() {
			headers[name] = values
		}
		headers[header] = []string{pluginName}
		return response{resp, headers}, nil
	}
}

// ResponseWrapper is a response as the gateway gives it, and wants it back.
type ResponseWrapper interface {
	Data() map[string]interface{}
	Io() io.Reader
	IsComplete() bool
	Headers() map[string][]string
	StatusCode() int
}

type response struct {
	ResponseWrapper
	headers map[string][]string
}

func (r response) Headers() map[string][]string { return r.headers }

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

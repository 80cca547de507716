// Package main is a KrakenD modifier plugin: it changes requests on their way to the backends, and responses.
package main

import (
	"errors"
	"io"
	"net/url"
)

// pluginName is what krakend.json calls the modifier of requests; the one of responses is registered beside it.
const (
	pluginName   = "plugin-name"
	responseName = "plugin-name-response"
)

// ModifierRegisterer is the variable the gateway looks up.
var ModifierRegisterer = registerer(pluginName)

type registerer string

// RegisterModifiers is called once, when the gateway loads the plugin. A name is for requests or for responses: of one
// that is registered for both, the gateway takes the first only.
func (r registerer) RegisterModifiers(register func(
	name string,
	modifierFactory func(map[string]interface{}) func(interface{}) (interface{}, error),
	appliesToRequest bool,
	appliesToResponse bool,
)) {
	register(string(r), newRequestModifier, true, false)
	register(responseName, newResponseModifier, false, true)
}

var errUnknownType = errors.New(pluginName + ": the gateway gave something else than it should")

// newRequestModifier is called once for each place that krakend.json injects the plugin in; extra is what it has there for
// it.
func newRequestModifier(extra map[string]interface{}) func(interface{}) (interface{}, error) {
	header := headerOf(extra, pluginName)
	return func(in interface{}) (interface{}, error) {
		req, ok := in.(RequestWrapper)
		if !ok {
			return nil, errUnknownType
		}
		return request{req, with(req.Headers(), header)}, nil
	}
}

func newResponseModifier(extra map[string]interface{}) func(interface{}) (interface{}, error) {
	header := headerOf(extra, responseName)
	return func(in interface{}) (interface{}, error) {
		resp, ok := in.(ResponseWrapper)
		if !ok {
			return nil, errUnknownType
		}
		return response{resp, with(resp.Headers(), header)}, nil
	}
}

func headerOf(extra map[string]interface{}, name string) string {
	if set, ok := settings(extra, name)["header"].(string); ok {
		return set
	}
	return "X-Plugin"
}

// with is a copy: other backends may share the map.
func with(headers map[string][]string, name string) map[string][]string {
	all := map[string][]string{name: {pluginName}}
	for other, values := range headers {
		if other != name {
			all[other] = values
		}
	}
	return all
}

// RequestWrapper is what the gateway gives to a modifier of requests, and wants back.
type RequestWrapper interface {
	Params() map[string]string
	Headers() map[string][]string
	Body() io.ReadCloser
	Method() string
	URL() *url.URL
	Query() url.Values
	Path() string
}

// ResponseWrapper is the same for responses.
type ResponseWrapper interface {
	Data() map[string]interface{}
	Io() io.Reader
	IsComplete() bool
	Headers() map[string][]string
	StatusCode() int
}

type request struct {
	RequestWrapper
	headers map[string][]string
}

func (r request) Headers() map[string][]string { return r.headers }

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

// Package main is a KrakenD http-server plugin: it gives every request an identifier, which the client gets back and the
// backends get too, so that one request can be followed through all logs.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
)

// HandlerRegisterer is the symbol that the gateway looks for; its value is the name of the plugin in the configuration.
var HandlerRegisterer = registerer("request-id")

type registerer string

// RegisterHandlers tells the gateway the plugin's name and how to make its handler.
func (r registerer) RegisterHandlers(register func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	register(string(r), r.newHandler)
}

// newHandler wraps next. The plugin's own settings are found under its name.
func (r registerer) newHandler(_ context.Context, extra map[string]interface{}, next http.Handler) (http.Handler, error) {
	header := "X-Request-Id"
	if settings, ok := extra[string(r)].(map[string]interface{}); ok {
		if name, ok := settings["header"]; ok {
			if header, ok = name.(string); !ok || header == "" {
				return nil, fmt.Errorf("%s: header must be the name of a header, not %v", r, name)
			}
		}
	}
	logger.Info(fmt.Sprintf("[PLUGIN: %s] requests are identified by %s", r, header))

	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		id := req.Header.Get(header)
		if id == "" {
			id = newID()
			req.Header.Set(header, id)
		}
		w.Header().Set(header, id)
		next.ServeHTTP(w, req)
	}), nil
}

// newID returns 128 random bits in hexadecimal.
func newID() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		logger.Error("no random bytes:", err)
	}
	return hex.EncodeToString(id[:])
}

// main is never called: a plugin is opened, not run.
func main() {}

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHandlerSetsItsHeader(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	settings := map[string]interface{}{pluginName: map[string]interface{}{"header": "X-Mine"}}

	var handler http.Handler
	HandlerRegisterer.RegisterHandlers(func(
		name string,
		factory func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
	) {
		if name != pluginName {
			t.Errorf("registered as %s", name)
		}
		var err error
		if handler, err = factory(context.Background(), settings, next); err != nil {
			t.Fatal(err)
		}
	})

	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/", nil))
	if response.Code != http.StatusTeapot {
		t.Errorf("the next handler was not called: %d", response.Code)
	}
	if have := response.Header().Get("X-Mine"); have != pluginName {
		t.Errorf("the header is %q", have)
	}
}

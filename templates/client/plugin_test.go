package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestClientCallsTheBackend(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "tea")
	}))
	defer backend.Close()

	var client http.Handler
	ClientRegisterer.RegisterClients(func(
		name string,
		factory func(context.Context, map[string]interface{}) (http.Handler, error),
	) {
		if name != pluginName {
			t.Errorf("registered as %s", name)
		}
		var err error
		if client, err = factory(context.Background(), map[string]interface{}{}); err != nil {
			t.Fatal(err)
		}
	})

	req, err := http.NewRequest(http.MethodGet, backend.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	client.ServeHTTP(response, req)
	if response.Code != http.StatusTeapot || response.Body.String() != "tea" {
		t.Errorf("the backend's answer became %d %q", response.Code, response.Body)
	}
	if have := response.Header().Get("X-Plugin"); have != pluginName {
		t.Errorf("the header is %q", have)
	}
}

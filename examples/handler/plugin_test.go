package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

// serve sends one request through the handler that the settings make, and returns what the client and the backend got.
func serve(t *testing.T, settings map[string]interface{}, sent http.Header) (client, backend http.Header) {
	t.Helper()
	next := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { backend = req.Header })
	handler, err := HandlerRegisterer.newHandler(context.Background(), map[string]interface{}{"request-id": settings}, next)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header = sent
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, req)
	return answer.Header(), backend
}

func TestARequestWithoutAnIdentifierGetsOne(t *testing.T) {
	client, backend := serve(t, nil, http.Header{})
	id := client.Get("X-Request-Id")
	if len(id) != 32 {
		t.Errorf("the client got %q", id)
	}
	if backend.Get("X-Request-Id") != id {
		t.Errorf("the backend got %q, the client %q", backend.Get("X-Request-Id"), id)
	}
}

func TestAnIdentifierThatIsThereIsKept(t *testing.T) {
	client, backend := serve(t, map[string]interface{}{"header": "X-Trace"}, http.Header{"X-Trace": {"mine"}})
	if client.Get("X-Trace") != "mine" || backend.Get("X-Trace") != "mine" {
		t.Errorf("the client got %v, the backend %v", client, backend)
	}
}

func TestASettingOfTheWrongTypeIsAnError(t *testing.T) {
	extra := map[string]interface{}{"request-id": map[string]interface{}{"header": 7}}
	if _, err := HandlerRegisterer.newHandler(context.Background(), extra, nil); err == nil {
		t.Error("a number passed for the name of a header")
	}
}

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	handler, err := newHandler(context.Background(), nil, next)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

func TestItSaysWhichGatewayThisIs(t *testing.T) {
	answer := get(t, "/about/gateway")
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"krakend":"undefined"`) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestAllElseIsLeftToTheGateway(t *testing.T) {
	if answer := get(t, "/hello"); answer.Code != http.StatusTeapot {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

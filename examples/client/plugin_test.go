package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// send calls, through the plugin, a backend that fails so many times before it is well.
func send(t *testing.T, failures int, body string) (status, calls int) {
	t.Helper()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls <= failures {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer backend.Close()
	client, err := ClientRegisterer.newClient(context.Background(), map[string]interface{}{
		"retry": map[string]interface{}{"attempts": 3.0},
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPut, backend.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	client.ServeHTTP(answer, req)
	return answer.Code, calls
}

func TestAServerErrorIsTriedAgain(t *testing.T) {
	if status, calls := send(t, 2, ""); status != http.StatusOK || calls != 3 {
		t.Errorf("status %d after %d calls", status, calls)
	}
}

func TestTheLastAnswerIsReturned(t *testing.T) {
	if status, calls := send(t, 9, ""); status != http.StatusServiceUnavailable || calls != 3 {
		t.Errorf("status %d after %d calls", status, calls)
	}
}

func TestARequestWithABodyIsSentOnce(t *testing.T) {
	if status, calls := send(t, 1, "body"); status != http.StatusServiceUnavailable || calls != 1 {
		t.Errorf("status %d after %d calls", status, calls)
	}
}

func TestASettingThatMakesNoSenseIsAnError(t *testing.T) {
	for _, attempts := range []interface{}{0.0, "many"} {
		extra := map[string]interface{}{"retry": map[string]interface{}{"attempts": attempts}}
		if _, err := ClientRegisterer.newClient(context.Background(), extra); err == nil {
			t.Errorf("%v passed for a number of attempts", attempts)
		}
	}
}

package main

import (
	"context"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

func TestTheHeaderIsTheHashOfThePath(t *testing.T) {
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	handler, err := newHandler(context.Background(), nil, next)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/a/b", nil))

	same := fnv.New64a()
	same.Write([]byte("/a/b"))
	got, err := strconv.ParseUint(answer.Header().Get("X-Fingerprint"), 16, 64)
	if err != nil || got != same.Sum64() {
		t.Errorf("the header is %v, the hash %x", answer.Header(), same.Sum64())
	}
	if libc := answer.Header().Get("X-Libc"); libc != "glibc" && libc != "musl" {
		t.Errorf("compiled for %q", libc)
	}
}

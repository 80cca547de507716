package main

import (
	"context"
	"errors"
	"io"
	"testing"
)

type anyResponse struct{}

func (anyResponse) Data() map[string]interface{} { return nil }
func (anyResponse) Io() io.Reader                { return nil }
func (anyResponse) IsComplete() bool             { return true }
func (anyResponse) Headers() map[string][]string { return nil }
func (anyResponse) StatusCode() int              { return 200 }

func TestMiddlewareSetsItsHeader(t *testing.T) {
	failed := errors.New("failed")
	next := func(_ context.Context, req interface{}) (interface{}, error) {
		if req == "fail" {
			return nil, failed
		}
		return anyResponse{}, nil
	}
	MiddlewareRegisterer.RegisterMiddlewares(func(
		name string,
		factory func(
			map[string]interface{},
			func(context.Context, interface{}) (interface{}, error),
		) func(context.Context, interface{}) (interface{}, error),
	) {
		if name != pluginName {
			t.Errorf("registered as %s", name)
		}
		middleware := factory(map[string]interface{}{}, next)
		out, err := middleware(context.Background(), "request")
		resp, ok := out.(ResponseWrapper)
		if err != nil || !ok || resp.Headers()["X-Plugin"][0] != pluginName {
			t.Errorf("%v, %v", out, err)
		}
		if _, err := middleware(context.Background(), "fail"); err != failed {
			t.Errorf("an error of the rest of the pipe became %v", err)
		}
	})
}

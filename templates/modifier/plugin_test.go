package main

import (
	"io"
	"net/url"
	"testing"
)

type anyRequest struct{}

func (anyRequest) Params() map[string]string    { return nil }
func (anyRequest) Headers() map[string][]string { return map[string][]string{"X-Other": {"1"}} }
func (anyRequest) Body() io.ReadCloser          { return nil }
func (anyRequest) Method() string               { return "GET" }
func (anyRequest) URL() *url.URL                { return nil }
func (anyRequest) Query() url.Values            { return nil }
func (anyRequest) Path() string                 { return "/" }

type anyResponse struct{}

func (anyResponse) Data() map[string]interface{} { return nil }
func (anyResponse) Io() io.Reader                { return nil }
func (anyResponse) IsComplete() bool             { return true }
func (anyResponse) Headers() map[string][]string { return nil }
func (anyResponse) StatusCode() int              { return 200 }

func TestModifiersSetTheirHeader(t *testing.T) {
	names := map[string]bool{}
	ModifierRegisterer.RegisterModifiers(func(
		name string,
		factory func(map[string]interface{}) func(interface{}) (interface{}, error),
		toRequest bool,
		toResponse bool,
	) {
		names[name] = true
		modify := factory(map[string]interface{}{})
		if _, err := modify("neither"); err == nil {
			t.Errorf("%s takes anything", name)
		}
		if toRequest {
			out, err := modify(anyRequest{})
			req, ok := out.(RequestWrapper)
			if err != nil || !ok || req.Headers()["X-Plugin"][0] != pluginName || req.Headers()["X-Other"][0] != "1" {
				t.Errorf("%s: %v, %v", name, out, err)
			}
		}
		if toResponse {
			out, err := modify(anyResponse{})
			resp, ok := out.(ResponseWrapper)
			if err != nil || !ok || resp.Headers()["X-Plugin"][0] != pluginName {
				t.Errorf("%s: %v, %v", name, out, err)
			}
		}
	})
	if !names[pluginName] || !names[pluginName+"-response"] {
		t.Errorf("registered: %v", names)
	}
}

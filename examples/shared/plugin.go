// Package main is a KrakenD http-server plugin that shares modules with the gateway: gin routes its requests, lura says
// which gateway it is in, and OpenTelemetry traces them. A gateway loads it only if each of these, and all they need, is
// compiled as the gateway's own is; go.mod asks for the versions of KrakenD 2.12.1.
package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/luraproject/lura/v2/core"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// HandlerRegisterer is the symbol that the gateway looks for; its value is the name of the plugin in the configuration.
var HandlerRegisterer = registerer("about")

type registerer string

// RegisterHandlers tells the gateway the plugin's name and how to make its handler.
func (r registerer) RegisterHandlers(register func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	register(string(r), newHandler)
}

// newHandler answers what is asked for under /about/ and leaves all else to next.
func newHandler(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(traced)
	engine.GET("/about/gateway", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"krakend": core.KrakendVersion, "go": core.GoVersion})
	})
	logger.Info("[PLUGIN: about] in KrakenD", core.KrakendVersion)

	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/about/") {
			engine.ServeHTTP(w, req)
			return
		}
		next.ServeHTTP(w, req)
	}), nil
}

// traced puts a request in a span of the gateway's tracer, which is one that does nothing unless the gateway has telemetry on.
func traced(c *gin.Context) {
	ctx, span := otel.Tracer("about").Start(c.Request.Context(), c.FullPath(), trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
	span.SetAttributes(attribute.Int("http.response.status_code", c.Writer.Status()))
}

// main is never called: a plugin is opened, not run.
func main() {}

package main

// Linked only so that plugins have more than KrakenD's own modules to share with the gateway, as they have with the
// official binary.
import (
	_ "github.com/go-contrib/uuid"
	_ "github.com/google/uuid"
	_ "github.com/krakendio/krakend-cel/v2"
	_ "github.com/krakendio/krakend-gologging/v2"
	_ "github.com/krakendio/krakend-martian/v2"
	_ "github.com/krakendio/krakend-metrics/v2/gin"
	_ "github.com/krakendio/krakend-opencensus/v2"
	_ "golang.org/x/net/http2"
)

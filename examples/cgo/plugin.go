// Package main is a KrakenD http-server plugin with C code in it: each answer says the hash of the path that was asked
// for, and which C library the plugin was compiled for.
package main

/*
#include <stdlib.h>
#include "fingerprint.h"
*/
import "C"

import (
	"context"
	"net/http"
	"unsafe"
)

// HandlerRegisterer is the symbol that the gateway looks for; its value is the name of the plugin in the configuration.
var HandlerRegisterer = registerer("fingerprint")

type registerer string

// RegisterHandlers tells the gateway the plugin's name and how to make its handler.
func (r registerer) RegisterHandlers(register func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	register(string(r), newHandler)
}

func newHandler(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
	logger.Info("[PLUGIN: fingerprint] compiled for", libc())
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		hash := fingerprint(req.URL.Path)
		if hash == "" {
			logger.Error("[PLUGIN: fingerprint] no memory")
		}
		w.Header().Set("X-Fingerprint", hash)
		w.Header().Set("X-Libc", libc())
		next.ServeHTTP(w, req)
	}), nil
}

// libc is "glibc" or "musl".
func libc() string { return C.GoString(C.fingerprint_libc()) }

// fingerprint is the text's hash as C computes it, "" when C had no memory for it.
func fingerprint(text string) string {
	in := C.CString(text)
	defer C.free(unsafe.Pointer(in))
	out := C.fingerprint(in, C.size_t(len(text)))
	if out == nil {
		return ""
	}
	defer C.free(unsafe.Pointer(out))
	return C.GoString(out)
}

// main is never called: a plugin is opened, not run.
func main() {}

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"plugin"
	"strings"
)

type (
	handlerFactory  = func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error)
	clientFactory   = func(context.Context, map[string]interface{}) (http.Handler, error)
	modifierFactory = func(map[string]interface{}) func(interface{}) (interface{}, error)
	pipe            = func(context.Context, interface{}) (interface{}, error)
)

// registered is what the loaded plugins registered, by "handler auth".
type registered struct {
	names    map[string]bool
	handlers map[string]handlerFactory
}

// symbols are what a plugin of each kind exports, and how it is asked for its names.
var symbols = []struct {
	kind, flag, symbol string
	register           func(symbol interface{}, into *registered) bool
}{
	{"handler", "-s", "HandlerRegisterer", func(symbol interface{}, into *registered) bool {
		own, ok := symbol.(interface {
			RegisterHandlers(func(string, handlerFactory))
		})
		if ok {
			own.RegisterHandlers(func(name string, factory handlerFactory) {
				into.names["handler "+name] = true
				into.handlers[name] = factory
			})
		}
		return ok
	}},
	{"client", "-c", "ClientRegisterer", func(symbol interface{}, into *registered) bool {
		own, ok := symbol.(interface {
			RegisterClients(func(string, clientFactory))
		})
		if ok {
			own.RegisterClients(func(name string, _ clientFactory) { into.names["client "+name] = true })
		}
		return ok
	}},
	{"modifier", "-m", "ModifierRegisterer", func(symbol interface{}, into *registered) bool {
		own, ok := symbol.(interface {
			RegisterModifiers(func(string, modifierFactory, bool, bool))
		})
		if ok {
			own.RegisterModifiers(func(name string, _ modifierFactory, _, _ bool) { into.names["modifier "+name] = true })
		}
		return ok
	}},
	{"middleware", "-w", "MiddlewareRegisterer", func(symbol interface{}, into *registered) bool {
		own, ok := symbol.(interface {
			RegisterMiddlewares(func(string, func(map[string]interface{}, pipe) pipe))
		})
		if ok {
			own.RegisterMiddlewares(func(name string, _ func(map[string]interface{}, pipe) pipe) {
				into.names["middleware "+name] = true
			})
		}
		return ok
	}},
}

// load opens each file of the folder whose name has the pattern in it; what cannot be opened is said and left out.
func load(folder, pattern string) *registered {
	all := &registered{map[string]bool{}, map[string]handlerFactory{}}
	files, err := os.ReadDir(folder)
	if folder != "" && err != nil {
		fmt.Println("ERROR [SERVICE: Plugin Loader]", err)
	}
	counts := map[string]int{}
	for _, file := range files {
		if file.IsDir() || !strings.Contains(file.Name(), pattern) {
			continue
		}
		opened, err := plugin.Open(filepath.Join(folder, file.Name()))
		if err != nil {
			fmt.Println("ERROR [SERVICE: Plugin Loader]", err)
			continue
		}
		for _, kind := range symbols {
			if symbol, err := opened.Lookup(kind.symbol); err == nil && kind.register(symbol, all) {
				counts[kind.kind]++
			}
		}
	}
	for _, kind := range symbols {
		title := strings.ToUpper(kind.kind[:1]) + kind.kind[1:]
		fmt.Printf("INFO [SERVICE: %s Plugin] Total plugins loaded: %d\n", title, counts[kind.kind])
	}
	return all
}

// testPlugin opens one file as one kind.
func testPlugin(flag, file string) error {
	opened, err := plugin.Open(file)
	if err != nil {
		return err
	}
	for _, kind := range symbols {
		if kind.flag != flag {
			continue
		}
		symbol, err := opened.Lookup(kind.symbol)
		if err != nil {
			return err
		}
		if !kind.register(symbol, &registered{map[string]bool{}, map[string]handlerFactory{}}) {
			return fmt.Errorf("%s has another type", kind.symbol)
		}
		return nil
	}
	return fmt.Errorf("unknown shorthand flag: %s", flag)
}

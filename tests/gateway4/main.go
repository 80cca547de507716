// Command gateway4 is a gateway that reads version 4 of the configuration: the README beside it says what it is for.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sort"
)

// without is a command that this gateway is to be without, set by the linker.
var without string

func main() {
	args := os.Args[1:]
	var err error
	switch {
	case len(args) > 0 && args[0] == without:
		err = fmt.Errorf("unknown command %q for \"krakend\"", without)
	case len(args) == 1 && args[0] == "judge":
		err = judge()
	case len(args) == 3 && args[0] == "run" && args[1] == "-c":
		err = run(args[2])
	case len(args) == 3 && args[0] == "test-plugin":
		err = testPlugin(args[1], args[2])
	default:
		err = fmt.Errorf("usage: gateway4 judge | run -c FILE | test-plugin -s|-c|-m|-w FILE")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		os.Exit(1)
	}
}

// question is one line of judge's input: a configuration, and what the plugins in its folder register ("handler auth");
// without that they register whatever is injected.
type question struct {
	Name       string          `json:"name"`
	Config     json.RawMessage `json:"config"`
	Registered []string        `json:"registered"`
}

type answer struct {
	Name     string   `json:"name"`
	Starts   bool     `json:"starts"`
	Error    string   `json:"error,omitempty"`
	Injected []string `json:"injected"`
}

func judge() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		cfg, err := read(asked.Config)
		said := answer{Name: asked.Name, Injected: []string{}}
		names := map[string]bool{}
		for _, name := range asked.Registered {
			names[name] = true
		}
		for _, one := range cfg.injections {
			key := one.kind + " " + one.name
			said.Injected = append(said.Injected, key)
			if asked.Registered == nil && cfg.folder != "" {
				names[key] = true
			}
		}
		sort.Strings(said.Injected)
		if err == nil {
			err = missing(cfg, names)
		}
		if said.Starts = err == nil; err != nil {
			said.Error = err.Error()
		}
		if err := out.Encode(said); err != nil {
			return err
		}
	}
	return lines.Err()
}

// missing is the first plugin without which the gateway does not start.
func missing(cfg config, names map[string]bool) error {
	for _, one := range cfg.injections {
		if !names[one.kind+" "+one.name] && one.onError == critical {
			return fmt.Errorf("the %s %s cannot be loaded", one.kind, one.name)
		}
	}
	return nil
}

// run serves the configuration.
func run(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	cfg, err := read(text)
	if err != nil {
		return fmt.Errorf("parsing the configuration: %w", err)
	}
	loaded := load(cfg.folder, cfg.pattern)
	if err := missing(cfg, loaded.names); err != nil {
		return err
	}
	failing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "a plugin was not loaded", http.StatusInternalServerError)
	})
	mux := http.NewServeMux()
	for _, path := range cfg.endpoints {
		var endpoint http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(object{"endpoint": path})
		})
		for _, one := range cfg.injections {
			if one.endpoint == path && one.onError == broken && !loaded.names[one.kind+" "+one.name] {
				endpoint = failing
			}
		}
		mux.Handle(path, endpoint)
	}
	var served http.Handler = mux
	for i := len(cfg.injections) - 1; i >= 0; i-- {
		one := cfg.injections[i]
		factory, ok := loaded.handlers[one.name]
		switch {
		case one.kind != "handler":
		case !ok && one.onError == broken:
			served = failing
		case ok:
			if served, err = factory(context.Background(), one.config, served); err != nil {
				return err
			}
		}
	}
	return http.ListenAndServe(fmt.Sprintf("%s:%d", cfg.listen, cfg.port), served)
}

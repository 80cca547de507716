package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"plugin"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// runnerEnv holds the words, one a line, that go before the gateway's own path when it starts itself anew. run.sh sets it,
// for a process under user-mode emulation can't start a binary of its own architecture.
const runnerEnv = "GATEWAY_RUNNER"

// childEnv marks the process that opens one single file.
const childEnv = "GATEWAY_OPEN_CHILD"

// patience is how long one plugin may take to open, under emulation too.
const patience = 2 * time.Minute

// verdict is what the gateway said of one file.
type verdict struct {
	File    string          `json:"file"`
	OK      bool            `json:"ok"`
	Error   string          `json:"error,omitempty"`
	Symbols map[string]bool `json:"symbols,omitempty"` // the registerers, and whether the file exports them
	Usable  map[string]bool `json:"usable,omitempty"`  // whether their type is the one the gateway asks for
	Crash   *crash          `json:"crash,omitempty"`   // set when the process that opened it did not live to tell
}

type crash struct {
	Exit   string   `json:"exit"`
	Stderr []string `json:"stderr"` // its first lines: a Go trace says the cause first
}

var openCmd = &cobra.Command{
	Use:   "open FILE...",
	Short: "Opens each file in a process of its own and prints one JSON line with the outcome.",
	Args:  cobra.MinimumNArgs(1),
	Run: func(_ *cobra.Command, files []string) {
		out := json.NewEncoder(os.Stdout)
		if os.Getenv(childEnv) != "" {
			out.Encode(open(files[0]))
			return
		}
		all := true
		for _, file := range files {
			v := openInChild(file)
			all = all && v.OK
			out.Encode(v)
		}
		if !all {
			os.Exit(1)
		}
	},
}

// open is plugin.Open and a look at what it yields.
func open(file string) verdict {
	p, err := plugin.Open(file)
	if err != nil {
		return verdict{File: file, Error: err.Error()}
	}
	v := verdict{File: file, OK: true, Symbols: map[string]bool{}, Usable: map[string]bool{}}
	for _, kind := range kinds {
		symbol, err := p.Lookup(kind.symbol)
		v.Symbols[kind.symbol] = err == nil
		v.Usable[kind.symbol] = err == nil && kind.usable(symbol)
	}
	// Only the Enterprise edition has this fourth kind, so there is nothing here that could say more of it.
	_, err = p.Lookup("MiddlewareRegisterer")
	v.Symbols["MiddlewareRegisterer"] = err == nil
	return v
}

// openInChild opens the file in a fresh process: a plugin of another Go version ends the one that opens it.
func openInChild(file string) verdict {
	self, err := os.Executable()
	if err != nil {
		return verdict{File: file, Error: err.Error()}
	}
	words := []string{self, "open", file}
	if runner := os.Getenv(runnerEnv); runner != "" {
		words = append(strings.Split(runner, "\n"), words...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	child := exec.CommandContext(ctx, words[0], words[1:]...)
	child.Env = append(os.Environ(), childEnv+"=1")
	child.Stdout, child.Stderr = &stdout, &stderr
	err = child.Run()

	// A plugin may print while it is initialised, so the verdict is the last line.
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	var v verdict
	if err == nil && json.Unmarshal([]byte(lines[len(lines)-1]), &v) == nil {
		return v
	}
	exit := fmt.Sprint(err)
	if ctx.Err() != nil {
		exit = fmt.Sprintf("no answer in %v", patience)
	}
	return verdict{File: file, Error: "the gateway died", Crash: &crash{Exit: exit, Stderr: head(stderr.String(), 6)}}
}

// head returns the first n lines that are not blank.
func head(text string, n int) []string {
	lines := []string{}
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) != "" && len(lines) < n {
			lines = append(lines, line)
		}
	}
	return lines
}

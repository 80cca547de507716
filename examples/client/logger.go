package main

// Logger is the part of the gateway's logger that this plugin uses.
type Logger interface {
	Info(v ...interface{})
	Error(v ...interface{})
}

// logger says nothing until the gateway has handed over its own.
var logger Logger = silent{}

// RegisterLogger takes the gateway's logger; the gateway calls it before it asks for anything else.
func (registerer) RegisterLogger(v interface{}) {
	if l, ok := v.(Logger); ok {
		logger = l
	}
}

type silent struct{}

func (silent) Info(...interface{})  {}
func (silent) Error(...interface{}) {}

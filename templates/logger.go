package main

// Logger is what the gateway's logger can do.
type Logger interface {
	Debug(v ...interface{})
	Info(v ...interface{})
	Warning(v ...interface{})
	Error(v ...interface{})
	Critical(v ...interface{})
	Fatal(v ...interface{})
}

// logger says nothing until the gateway has handed over its own, and in tests.
var logger Logger = silent{}

// RegisterLogger takes the gateway's logger; the gateway calls it before it asks for anything else.
func (registerer) RegisterLogger(in interface{}) {
	if own, ok := in.(Logger); ok {
		logger = own
		logger.Debug("[PLUGIN: " + pluginName + "] loaded")
	}
}

type silent struct{}

func (silent) Debug(...interface{})    {}
func (silent) Info(...interface{})     {}
func (silent) Warning(...interface{})  {}
func (silent) Error(...interface{})    {}
func (silent) Critical(...interface{}) {}
func (silent) Fatal(...interface{})    {}

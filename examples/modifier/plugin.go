// Package main is a KrakenD req-resp-modifier plugin: it masks fields of a backend's answer.
package main

import (
	"errors"
	"fmt"
)

// ModifierRegisterer is the symbol that the gateway looks for; its value is the name of the plugin in the configuration.
var ModifierRegisterer = registerer("mask")

type registerer string

// RegisterModifiers tells the gateway the plugin's name, how to make its modifier, and that it is one of responses.
func (r registerer) RegisterModifiers(register func(
	name string,
	factory func(map[string]interface{}) func(interface{}) (interface{}, error),
	appliesToRequest bool,
	appliesToResponse bool,
)) {
	register(string(r), r.newModifier, false, true)
}

// Response is the part of the gateway's response that this plugin uses.
type Response interface {
	Data() map[string]interface{}
}

// newModifier returns the function that each response goes through. The plugin's own settings are found under its name.
func (r registerer) newModifier(extra map[string]interface{}) func(interface{}) (interface{}, error) {
	fields := fieldsOf(extra[string(r)])
	logger.Info(fmt.Sprintf("[PLUGIN: %s] fields that are masked: %q", r, fields))

	return func(input interface{}) (interface{}, error) {
		response, ok := input.(Response)
		if !ok {
			return nil, errors.New("mask: this is no response of the gateway")
		}
		data := response.Data()
		for _, field := range fields {
			if _, ok := data[field]; ok {
				data[field] = "***"
			}
		}
		return input, nil
	}
}

// fieldsOf returns the names in the list `fields` of the settings.
func fieldsOf(settings interface{}) []string {
	var fields []string
	named, _ := settings.(map[string]interface{})
	list, _ := named["fields"].([]interface{})
	for _, field := range list {
		if name, ok := field.(string); ok {
			fields = append(fields, name)
		} else {
			logger.Error(fmt.Sprintf("[PLUGIN: %s] not the name of a field: %v", ModifierRegisterer, field))
		}
	}
	return fields
}

// main is never called: a plugin is opened, not run.
func main() {}

package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// object is a JSON object; keys of it that begin so are for people.
type object = map[string]interface{}

const annotations = "@$_#"

// onLoadError is what happens where a plugin cannot be loaded.
type onLoadError string

const (
	critical    onLoadError = "critical"
	broken      onLoadError = "error"
	passthrough onLoadError = "passthrough"
)

var words = map[string]onLoadError{
	"critical": critical, "exit": critical,
	"error": broken, "reject": broken,
	"passthrough": passthrough,
}

// injection is one plugin at one place.
type injection struct {
	kind   string
	name   string
	config object
	// endpoint is where it is, or empty for the whole service.
	endpoint string
	onError  onLoadError
}

// config is what the gateway makes of a configuration.
type config struct {
	port       int
	listen     string
	folder     string
	pattern    string
	endpoints  []string
	injections []injection
}

// The namespaces, and the levels whose extra_config may have each.
var namespaces = map[string]struct {
	kind   string
	levels string
}{
	"plugin/http-server":       {"handler", "service"},
	"plugin/http-client":       {"client", "backend"},
	"plugin/req-resp-modifier": {"modifier", "endpoint backend"},
	"plugin/middleware":        {"middleware", "endpoint backend"},
}

// reader collects the first error of a configuration.
type reader struct {
	config
	byDefault onLoadError
	err       error
}

func read(text []byte) (config, error) {
	var root object
	if err := json.Unmarshal(text, &root); err != nil {
		return config{}, err
	}
	if root == nil {
		return config{}, fmt.Errorf("not an object")
	}
	r := &reader{byDefault: critical, config: config{port: 8080}}
	r.service(root)
	return r.config, r.err
}

func (r *reader) fail(format string, values ...interface{}) {
	if r.err == nil {
		r.err = fmt.Errorf(format, values...)
	}
}

func (r *reader) service(root object) {
	switch version := root["version"].(type) {
	case float64:
		if version != 4 {
			r.fail("unsupported version %v", version)
		}
	case string:
		if version != "4" {
			r.fail("unsupported version %q", version)
		}
	default:
		r.fail("unsupported version %v", version)
	}
	if root["plugin"] != nil {
		r.fail("plugin is not a key of the service")
	}
	if port, ok := root["port"].(float64); ok {
		r.port = int(port)
	}
	r.listen, _ = root["listen_ip"].(string)
	extra := r.object(root, "extra_config")
	if extra["plugin"] != nil {
		loader := r.object(extra, "plugin")
		r.only("plugin", loader, "", "pattern", "folder", "on_load_default_error")
		r.pattern = r.text(loader, "pattern")
		r.folder = r.text(loader, "folder")
		if _, ok := loader["on_load_default_error"]; ok {
			r.byDefault = r.word(loader, "on_load_default_error")
		}
	}
	r.extra(extra, "service", "")
	for _, key := range []string{"endpoints", "async_agent"} {
		for _, owner := range r.objects(root, key) {
			name, _ := owner[map[string]string{"endpoints": "endpoint", "async_agent": "name"}[key]].(string)
			if key == "endpoints" {
				r.endpoints = append(r.endpoints, name)
			}
			r.extra(r.object(owner, "extra_config"), "endpoint", name)
			for _, backend := range r.objects(owner, "backend") {
				r.extra(r.object(backend, "extra_config"), "backend", name)
			}
		}
	}
}

func (r *reader) extra(extra object, level, endpoint string) {
	keys := []string{}
	for key := range extra {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		namespace, known := namespaces[key]
		if !known {
			if strings.HasPrefix(key, "plugin/") {
				r.fail("%s is not a namespace", key)
			}
			continue
		}
		if !strings.Contains(namespace.levels, level) {
			r.fail("%s is not for the %s", key, level)
		}
		value := r.object(extra, key)
		if namespace.kind == "client" {
			r.add(injection{namespace.kind, r.text(value, "name"), value, endpoint, r.byDefault})
			continue
		}
		r.only(key, value, annotations, "plugins")
		list, ok := value["plugins"].([]interface{})
		if !ok || len(list) == 0 {
			r.fail("%s needs a list of plugins", key)
		}
		for _, item := range list {
			r.plugin(namespace.kind, item, endpoint)
		}
	}
}

func (r *reader) plugin(kind string, item interface{}, endpoint string) {
	plugin, ok := item.(object)
	if !ok {
		r.fail("a plugin is an object")
	}
	r.only("a plugin", plugin, annotations, "name", "config", "on_load_error")
	one := injection{kind, r.text(plugin, "name"), nil, endpoint, r.byDefault}
	if _, ok := plugin["config"]; ok {
		one.config = r.object(plugin, "config")
		if plugin["config"] == nil {
			r.fail("config is an object")
		}
	}
	if _, ok := plugin["on_load_error"]; ok {
		one.onError = r.word(plugin, "on_load_error")
	}
	r.add(one)
}

func (r *reader) add(one injection) { r.injections = append(r.injections, one) }

// only refuses keys that are not allowed, except those that begin with one of prefixes.
func (r *reader) only(what string, of object, prefixes string, allowed ...string) {
	for key := range of {
		known := key != "" && strings.ContainsRune(prefixes, rune(key[0]))
		for _, name := range allowed {
			known = known || key == name
		}
		if !known {
			r.fail("%s is not a key of %s", key, what)
		}
	}
}

func (r *reader) text(of object, key string) string {
	text, ok := of[key].(string)
	if !ok || text == "" || strings.TrimSpace(text) != text {
		r.fail("%s must be a text", key)
	}
	return text
}

func (r *reader) word(of object, key string) onLoadError {
	text, _ := of[key].(string)
	word, ok := words[text]
	if !ok {
		r.fail("%s does not take %v", key, of[key])
	}
	return word
}

func (r *reader) object(of object, key string) object {
	if of[key] == nil {
		return nil
	}
	value, ok := of[key].(object)
	if !ok {
		r.fail("%s must be an object", key)
	}
	return value
}

func (r *reader) objects(of object, key string) []object {
	if of[key] == nil {
		return nil
	}
	list, ok := of[key].([]interface{})
	if !ok {
		r.fail("%s must be a list", key)
	}
	all := []object{}
	for _, item := range list {
		value, ok := item.(object)
		if !ok {
			r.fail("each of %s must be an object", key)
		}
		all = append(all, value)
	}
	return all
}

// A plugin that shares its modules with the host.
package main

import (
	"example.org/leaf"
	"example.org/mid"
)

type registerer string

var HandlerRegisterer = registerer(leaf.Hello(leaf.Pair{}) + mid.Hello())

func main() {}

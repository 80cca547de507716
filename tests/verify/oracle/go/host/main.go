// Command host opens plugins one after the other, as a gateway does, and says what plugin.Open said.
package main

import (
	"encoding/json"
	"os"
	"plugin"

	"example.org/leaf"
	"example.org/mid"
)

// GlibcVersion is set by the linker, as in a gateway.
var GlibcVersion = "undefined"

func main() {
	if leaf.Hello(leaf.Pair{})+mid.Hello()+GlibcVersion == "" {
		return
	}
	out := json.NewEncoder(os.Stdout)
	for _, file := range os.Args[1:] {
		_, err := plugin.Open(file)
		said := ""
		if err != nil {
			said = err.Error()
		}
		out.Encode(map[string]string{"file": file, "error": said})
	}
}

// Command prof writes the CPU profile that a profile-guided build takes.
package main

import (
	"os"
	"runtime/pprof"
	"time"

	"example.org/leaf"
)

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	pprof.StartCPUProfile(file)
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		leaf.Busy(1000)
	}
	pprof.StopCPUProfile()
	file.Close()
}

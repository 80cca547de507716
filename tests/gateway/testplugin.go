package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/luraproject/lura/v2/logging"
	"github.com/spf13/cobra"
)

// testPluginCmd takes the flags of the official `krakend test-plugin`. Releases before 2.6 have no such command; here all do.
var testPluginCmd = &cobra.Command{
	Use:     "test-plugin [flags] [artifacts]",
	Short:   "Tests that one or more plugins are loadable into KrakenD.",
	Example: "krakend test-plugin -scm ./plugins/my_plugin.so",
	Args:    cobra.MinimumNArgs(1),
	Run: func(cmd *cobra.Command, files []string) {
		if !testPlugins(cmd, files) {
			os.Exit(1)
		}
	},
}

func init() {
	flags := testPluginCmd.Flags()
	flags.BoolP("server", "s", false, "The artifact should contain a server plugin.")
	flags.BoolP("client", "c", false, "The artifact should contain a client plugin.")
	flags.BoolP("modifier", "m", false, "The artifact should contain a req/resp modifier plugin.")
}

// testPlugins says of each file, for each kind asked for, whether that kind's loader takes it, and returns whether all were taken.
func testPlugins(cmd *cobra.Command, files []string) bool {
	logger, err := logging.NewLogger("CRITICAL", io.Discard, "")
	if err != nil {
		panic(err)
	}
	all, asked := true, false
	for _, kind := range kinds {
		if wanted, _ := cmd.Flags().GetBool(kind.name); !wanted {
			continue
		}
		asked = true
		for _, file := range files {
			// As in the official command: the file's name is a pattern, and what counts is that nothing failed.
			label, name := strings.ToUpper(kind.name), filepath.Base(file)
			_, err := kind.load(filepath.Dir(file), name, logger)
			if err == nil {
				cmd.Printf("[OK] %s\t%s\n", label, name)
				continue
			}
			all = false
			cmd.Printf("[KO] %s\t%s: %s\n", label, name, reason(err, kind.symbol))
		}
	}
	if !asked {
		cmd.Println("You must declare the expected type of the plugin.")
	}
	return all && asked
}

// inLoader is what a loader puts before each file's own error.
var inLoader = regexp.MustCompile(`plugin #\d+ \(.*\): (.*)`)

// reason is the official command's text for a loader's error.
func reason(err error, symbol string) string {
	text := err.Error()
	if strings.Contains(text, "symbol "+symbol+" not found") {
		return "The plugin does not contain a " + symbol + "."
	}
	if all := inLoader.FindAllStringSubmatch(text, -1); len(all) > 0 {
		return all[len(all)-1][1]
	}
	return text
}

package main

import (
	"io"
	"os"
	"path/filepath"

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
			n, err := kind.load(filepath.Dir(file), filepath.Base(file), logger)
			if n == 1 && err == nil {
				cmd.Printf("[OK] %s\t%s\n", kind.name, file)
				continue
			}
			all = false
			cmd.Printf("[KO] %s\t%s: %v\n", kind.name, file, err)
		}
	}
	if !asked {
		cmd.Println("You must declare the expected type of the plugin.")
	}
	return all && asked
}

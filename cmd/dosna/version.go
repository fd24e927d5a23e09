package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/zstd"
	"github.com/dosna/dosna/store/all"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Tell the version, and what it was built with",
		Long: `Tell the version, the commit and Go release it was built from, the stores it knows
and the implementations of zstd and deflate in use.`,
		Example: `  dosna version`,
		Args:    exactArgs(),
		RunE:    func(*cobra.Command, []string) error { return a.version() },

		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

type versionInfo struct {
	Version  string   `json:"version"`
	Commit   string   `json:"commit,omitempty"`
	Go       string   `json:"go"`
	Platform string   `json:"platform"`
	Stores   []string `json:"stores"`
	Zstd     string   `json:"zstd"`
	Deflate  string   `json:"deflate"` // decoding
}

func (a *app) version() error {
	v := versionInfo{Version: versionName(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Stores: all.Schemes()}
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	var zstdLess, deflateLess error
	v.Zstd, zstdLess = zstd.Implementation()
	v.Deflate, deflateLess = deflate.Implementation()
	return a.show(v, func(w *strings.Builder) {
		rows := [][]string{{"dosna", v.Version}}
		if v.Commit != "" {
			rows = append(rows, []string{"commit", v.Commit})
		}
		rows = append(rows, []string{"go", v.Go + " " + v.Platform}, []string{"stores", fmt.Sprint(v.Stores)})
		because := func(name string, reason error) string {
			if reason != nil {
				name += " (" + oneLine(reason) + ")"
			}
			return name
		}
		table(w, append(rows, []string{"zstd", because(v.Zstd, zstdLess)}, []string{"deflate", because(v.Deflate, deflateLess)}))
	})
}

// versionName is the version of this program.
func versionName() string {
	if b, ok := debug.ReadBuildInfo(); ok {
		return b.Main.Version
	}
	return "unknown"
}

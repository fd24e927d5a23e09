package main

import "github.com/spf13/cobra"

// formatFlag is a format of Zarr.
type formatFlag struct{ choiceFlag }

func (f *formatFlag) flag(cmd *cobra.Command, usage string) {
	f.of = []string{"3", "2"}
	cmd.Flags().Var(f, "zarr-format", usage)
	_ = cmd.RegisterFlagCompletionFunc("zarr-format", words(f.of...))
}

// number is the format, 0 if none was said.
func (f *formatFlag) number() int {
	switch f.value {
	case "2":
		return 2
	case "3":
		return 3
	}
	return 0
}

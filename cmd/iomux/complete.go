package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"iomux/cmd/iomux/internal/session"
)

// completeSource offers the ways to write a source, and files where none fits.
func completeSource(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	// Not by ArgsLenAtDash: cobra adds a -- of its own before it parses what is to be completed.
	if slices.Contains(os.Args, "--") {
		return nil, cobra.ShellCompDirectiveDefault // the command and its arguments
	}
	if path, ok := strings.CutPrefix(typed, "unix://"); ok {
		return completePath("unix://", path, isSocket), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	if path, ok := strings.CutPrefix(typed, "path:"); ok {
		anything := func(os.DirEntry) bool { return true }
		return completePath("path:", path, anything), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	var offers []string
	for _, offer := range []string{"stdin", "fd:", "timer:", "pid:", "signal:", "path:"} {
		if strings.HasPrefix(offer, typed) {
			offers = append(offers, offer)
		}
	}
	for prefix, usage := range session.Schemes() {
		if strings.HasPrefix(prefix, typed) {
			offers = append(offers, prefix+"\t"+usage)
		}
	}
	if len(offers) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return offers, cobra.ShellCompDirectiveNoSpace
}

func isSocket(entry os.DirEntry) bool { return entry.Type()&os.ModeSocket != 0 }

// completePath offers what fits, and folders that may hold some.
func completePath(prefix, typed string, fits func(os.DirEntry) bool) []string {
	folder, _ := filepath.Split(typed)
	entries, err := os.ReadDir(filepath.Clean(folder)) // of an empty path that is the current folder
	if err != nil {
		return nil
	}
	var offers []string
	for _, entry := range entries {
		offer := folder + entry.Name()
		switch {
		case !strings.HasPrefix(offer, typed):
		case entry.IsDir():
			offers = append(offers, prefix+offer+"/")
		case fits(entry):
			offers = append(offers, prefix+offer)
		}
	}
	return offers
}

func completeMechanism(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return session.Mechanisms(), cobra.ShellCompDirectiveNoFileComp
}

func completeCommands(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var offers []string
	if len(args) == 0 {
		for _, other := range cmd.Root().Commands() {
			offers = append(offers, other.Name()+"\t"+other.Short)
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"iomux/cmd/iomux/internal/session"
)

// completeSource offers the forms of sources, and files if no form matches.
func completeSource(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	// ArgsLenAtDash does not help, because cobra inserts a -- before it parses the words.
	if dash := slices.Index(os.Args, "--"); dash >= 0 {
		if dash == len(os.Args)-2 {
			return completeProgram(typed)
		}
		return nil, cobra.ShellCompDirectiveDefault // the arguments of CMD
	}
	for _, prefix := range []string{"unix://", "path:", "exists:"} {
		if path, ok := strings.CutPrefix(typed, prefix); ok {
			socketsOnly := prefix == "unix://"
			fits := func(entry os.DirEntry) bool { return !socketsOnly || entry.Type()&os.ModeSocket != 0 }
			return completePath(prefix, path, fits), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
		}
	}
	if strings.HasPrefix(typed, "signal:") {
		return matching(typed, "signal:", session.SignalNames()), cobra.ShellCompDirectiveNoFileComp
	}
	offers := matching(typed, "", []string{"stdin", "fd:", "timer:", "pid:", "signal:", "path:", "exists:"})
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

// matching returns prefix and each name, for those that begin with what was typed.
func matching(typed, prefix string, names []string) []string {
	var offers []string
	for _, name := range names {
		if strings.HasPrefix(prefix+name, typed) {
			offers = append(offers, prefix+name)
		}
	}
	return offers
}

// completeProgram offers the programs on PATH, and files if the name has a slash.
func completeProgram(typed string) ([]string, cobra.ShellCompDirective) {
	if strings.ContainsRune(typed, os.PathSeparator) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var offers []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			if !entry.IsDir() && strings.HasPrefix(entry.Name(), typed) {
				offers = append(offers, entry.Name())
			}
		}
	}
	slices.Sort(offers)
	return slices.Compact(offers), cobra.ShellCompDirectiveNoFileComp
}

// completePath offers the entries that fit, and all folders.
func completePath(prefix, typed string, fits func(os.DirEntry) bool) []string {
	folder, _ := filepath.Split(typed)
	entries, err := os.ReadDir(filepath.Clean(folder)) // an empty path is the current folder
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
			if other.IsAvailableCommand() {
				offers = append(offers, other.Name()+"\t"+other.Short)
			}
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

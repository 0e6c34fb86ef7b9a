package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"iomux/cmd/iomux/internal/output"
	"iomux/cmd/iomux/internal/session"
)

// directive is a set of instructions for the script of a shell.
type directive int

const (
	noSpace directive = 2 // no space follows the offer
	noFiles directive = 4 // files are not offered instead of nothing
)

// printOffers prints what the last word can become, one offer per line. A tab separates an offer
// from its description. The last line is a colon and the directive.
func printOffers(words []string) error {
	last := len(words) - 1
	offers, d := offersFor(words[:last], words[last])
	_, err := fmt.Fprintf(output.Stdout, "%s:%d\n", strings.Join(append(offers, ""), "\n"), d)
	return err
}

// offersFor returns what the word typed after words can become.
func offersFor(words []string, typed string) ([]string, directive) {
	cmd, args := choose(words)
	if !slices.Contains(args, "--") {
		cmd.addHelpFlag()
		_ = cmd.flags.Parse(args) // the line is incomplete
		if name, _, given := strings.Cut(typed, "="); given && strings.HasPrefix(name, "--") {
			return offersForValue(cmd.flags.Lookup(name[2:]), typed, name+"="), noFiles
		}
		if len(args) > 0 {
			if flag := awaitsValue(cmd.flags, args[len(args)-1]); flag != nil {
				return offersForValue(flag, typed, ""), noFiles
			}
		}
		if strings.HasPrefix(typed, "-") {
			return offersForFlags(cmd.flags, typed), noFiles
		}
	}
	if cmd.complete == nil {
		return nil, noFiles
	}
	return cmd.complete(args, typed)
}

// awaitsValue returns the flag whose value follows the word, or nil.
func awaitsValue(flags *pflag.FlagSet, word string) *pflag.Flag {
	var flag *pflag.Flag
	if name, long := strings.CutPrefix(word, "--"); long {
		flag = flags.Lookup(name)
	} else if strings.HasPrefix(word, "-") && len(word) > 1 {
		flag = flags.ShorthandLookup(word[len(word)-1:])
	}
	if flag == nil || flag.NoOptDefVal != "" {
		return nil
	}
	return flag
}

func offersForValue(flag *pflag.Flag, typed, prefix string) []string {
	if flag == nil || flag.Name != "mechanism" {
		return nil
	}
	return matching(typed, prefix, session.Mechanisms())
}

// offersForFlags offers the flags that were not given yet.
func offersForFlags(flags *pflag.FlagSet, typed string) []string {
	var offers []string
	flags.VisitAll(func(flag *pflag.Flag) {
		_, usage := pflag.UnquoteUsage(flag)
		for _, name := range []string{"--" + flag.Name, "-" + flag.Shorthand} {
			if !flag.Changed && name != "-" && strings.HasPrefix(name, typed) {
				offers = append(offers, name+"\t"+usage)
			}
		}
	})
	return offers
}

// completeSource offers the forms of sources, and files if no form matches.
func completeSource(args []string, typed string) ([]string, directive) {
	if dash := slices.Index(args, "--"); dash >= 0 {
		if dash == len(args)-1 {
			return completeProgram(typed)
		}
		return nil, 0 // the arguments of CMD
	}
	for _, prefix := range []string{"unix://", "path:", "exists:"} {
		if path, ok := strings.CutPrefix(typed, prefix); ok {
			socketsOnly := prefix == "unix://"
			fits := func(entry os.DirEntry) bool { return !socketsOnly || entry.Type()&os.ModeSocket != 0 }
			return completePath(prefix, path, fits), noSpace | noFiles
		}
	}
	if strings.HasPrefix(typed, "signal:") {
		return matching(typed, "signal:", session.SignalNames()), noFiles
	}
	offers := matching(typed, "", []string{"stdin", "fd:", "timer:", "pid:", "signal:", "path:", "exists:"})
	for prefix, usage := range session.Schemes() {
		if strings.HasPrefix(prefix, typed) {
			offers = append(offers, prefix+"\t"+usage)
		}
	}
	if len(offers) == 0 {
		return nil, 0
	}
	return offers, noSpace
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
func completeProgram(typed string) ([]string, directive) {
	if strings.ContainsRune(typed, os.PathSeparator) {
		return nil, 0
	}
	var offers []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), typed) {
				continue
			}
			if _, err := exec.LookPath(folder + string(os.PathSeparator) + entry.Name()); err == nil {
				offers = append(offers, entry.Name())
			}
		}
	}
	slices.Sort(offers)
	return slices.Compact(offers), noFiles
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

// completeCommands offers the commands as the first argument.
func completeCommands(args []string, typed string) ([]string, directive) {
	var offers []string
	if len(args) == 0 {
		for _, name := range matching(typed, "", listed) {
			offers = append(offers, name+"\t"+find(name).short)
		}
	}
	return offers, noFiles
}

// completeShells offers the shells as the first argument.
func completeShells(args []string, typed string) ([]string, directive) {
	if len(args) > 0 {
		return nil, noFiles
	}
	return matching(typed, "", shells), noFiles
}

// Command prose checks the English of the project: comments, messages, names of tests, help and
// documents.
//
//	prose [-count]
//
// It reads the files that git lists in the repository, except test data and its own files. It
// reports long lines, words that the project does not use, and sentences that start with a relative
// clause. With -count it prints the number of faults of each folder instead.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Lines of comments and documents, and of help, have at most this many characters.
const (
	widest     = 100
	widestHelp = 80
)

// fault is a place that needs another wording.
type fault struct {
	file string
	line int
	text string
}

// block is a piece of prose: the lines of a comment, a paragraph of a document, or a string.
type block struct {
	line  int // of the first one
	lines []string
}

// rules maps each pattern that prose must not contain to its advice. START in a pattern stands for
// the start of a sentence.
var rules = compile(map[string]string{
	`START(Who|Whoever|Those that|Those who|The one that|What)\b`: "start with a noun that the reader knows",
	`STARTWhere\b`:                   `use "if" for a condition`,
	`\b([Tt]ells?|[Tt]old)\b`:        "use report, return or print",
	`\b([Ss]ays?|[Ss]aid|saying)\b`:  "use report, return or print",
	`\b[Ff]or want of\b`:             "use without, or because there is no",
	`\bto be had\b`:                  "use available",
	`\b[Ll]est\b`:                    "use so that … not",
	`\bsuch a one\b`:                 "name it",
	`\bbe it\b`:                      "use whether",
	`\bno more does\b`:               "use neither does",
	`\bas (\w+|the \w+) ha(s|ve) it`: "use as in",
	`\bof before\b`:                  "use earlier or previous",
	`\blives? on\b`:                  "use continues or remains",
	`\bgo(es)? on to\b`:              "use the verb alone",
	`\bmakes? ready to\b`:            "use prepares to",
	`\b[Ii]n any case\b`:             "leave it out",
	`\b(it|It) is to be\b`:           "use must be",
	`\band so on\b`:                  "complete the list",
	`\b[Ww]hence\b`:                  "use from which",
})

func compile(patterns map[string]string) map[*regexp.Regexp]string {
	compiled := make(map[*regexp.Regexp]string)
	for pattern, advice := range patterns {
		compiled[regexp.MustCompile(strings.ReplaceAll(pattern, "START", `(?:\A|[.!?:;] +)(?:- )?`))] = advice
	}
	return compiled
}

func main() {
	count := flag.Bool("count", false, "print the number of faults of each folder")
	flag.Parse()
	faults, err := check("..")
	if err != nil {
		fmt.Fprintln(os.Stderr, "prose:", err)
		os.Exit(2)
	}
	if *count {
		printCounts(faults)
		return
	}
	for _, f := range faults {
		fmt.Printf("%s:%d: %s\n", f.file, f.line, f.text)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}

func printCounts(faults []fault) {
	folders := make(map[string]int)
	for _, f := range faults {
		folders[filepath.Dir(f.file)]++
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		fmt.Printf("%5d  %s\n", folders[folder], folder)
	}
	fmt.Printf("%5d  all\n", len(faults))
}

// check returns the faults of the repository at root, in the order of files and lines.
func check(root string) ([]fault, error) {
	list, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var all []fault
	for file := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, file))
		isData := strings.Contains(file, "testdata/") && !strings.HasSuffix(file, ".txtar")
		if os.IsNotExist(err) || isData || strings.HasPrefix(file, "tools/prose/") {
			continue
		} else if err != nil {
			return nil, err
		}
		blocks, long := blocksOf(file, string(text))
		for _, line := range long {
			all = append(all, fault{file, line, "the line is too long"})
		}
		for _, b := range blocks {
			all = append(all, b.faults(file)...)
		}
	}
	all, unused := excuse(all)
	for _, e := range unused {
		all = append(all, fault{e.file, 0, fmt.Sprintf("the exception %q is not needed", e.text)})
	}
	slices.SortStableFunc(all, func(a, b fault) int { return cmp.Or(cmp.Compare(a.file, b.file), a.line-b.line) })
	return all, nil
}

// faults returns the faults of a block. It joins the lines, because a phrase may span two of them.
func (b block) faults(file string) (all []fault) {
	text := strings.Join(b.lines, " ")
	for rule, advice := range rules {
		for _, at := range rule.FindAllStringIndex(text, -1) {
			all = append(all, fault{file, b.lineAt(at[1] - 1), fmt.Sprintf("%q: %s", strings.Trim(text[at[0]:at[1]], ".!?:; "), advice)})
		}
	}
	return all
}

// lineAt returns the line of an offset in the joined lines.
func (b block) lineAt(offset int) int {
	for i, line := range b.lines {
		if offset <= len(line) {
			return b.line + i
		}
		offset -= len(line) + 1
	}
	return b.line
}

// isLong reports whether a line is wider than limit, with tabs of eight columns at its start. It
// accepts lines with a URL, which cannot be wrapped.
func isLong(line string, limit int) bool {
	return utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "        ")) > limit && !strings.Contains(line, "://")
}

package main

import (
	"slices"
	"strings"
	"testing"
)

// found returns the numbers of the lines with a fault.
func found(file, text string) (lines []int) {
	blocks, long := blocksOf(file, text)
	lines = long
	for _, b := range blocks {
		for _, f := range b.faults(file) {
			lines = append(lines, f.line)
		}
	}
	slices.Sort(lines)
	return lines
}

func TestFaults(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("word ", 21)
	for _, c := range []struct {
		file, text string
		want       []int
	}{
		{"a.go", "package a\n\n// A waits. Who waits is\n// told.\nvar A = 1\n", []int{3, 4}},
		{"a.go", "package a\n\n// A reports what\n// What it returns. See who waits.\nvar A = 1\n", nil},
		{"a.go", "package a\n\n// Where nothing waits, A is 0.\nvar A = \"for want of a name\"\n", []int{3, 4}},
		{"a.go", "package a\n\n//\tWho knows\n\n// # What differs\n\n// " + wide + "\nvar A = 1 // " + wide + "\n", []int{7, 8}},
		{"a.go", "package a\n\n// It waits.\n//\n// Who waits.\n//\n// It:\n//   - What waits\nvar A = 1\n", []int{5, 8}},
		{"a.go", "package a\n\nfunc A() {\n\t\t// " + wide[:85] + "\n\t\t// Output:\n\t\t// " + wide[:85] + "\n}\n", []int{4}},
		{"a.go", "package a\n\n// https://example.com/" + wide + "\n//nolint:x " + wide + "\nvar A = 1\n", nil},
		{"cmd/a/a.go", "package a\n\nconst help = `a\nb\n" + wide[:90] + "\nc`\n", []int{5}},
		{"a.md", "# What runs where\n\nWhat runs.\n\n| Who | told |\n\n```\ntold\n```\n\n- Those that run are `told`.\n", []int{3, 5, 11}},
		{"a.md", wide + "\n\n| " + wide + " |\n", []int{1}},
		{"Makefile", "# Which wait,\n# lest they end.\nall: told\n", []int{2}},
		{"a.c", "/* It waits\n * lest it ends. */\nputs(\"What waits\"); // told\nint Who, told;\n", []int{2, 3, 3}},
		{"a.py", "def f():\n    \"\"\"It waits.\n\n    Who waits.\"\"\"\n    print(\"told\") # " + wide + "\n", []int{4, 5, 5}},
		{"Makefile", "all: ## What runs\n\techo $#told \"lest\"\n", []int{1, 2}},
		{"testdata/a.txtar", "# It waits.\nexec a # told\n", []int{2}},
		{"a_test.go", "package a\n\nfunc TestWhatItTells() {}\nfunc TestItWhat() {}\n", []int{3, 3}},
		{"a.txt", "told\n", nil},
	} {
		if got := found(c.file, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: faults in lines %v, want %v:\n%s", c.file, got, c.want, c.text)
		}
	}
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	if len(exceptions) >= 10 {
		t.Errorf("there are %d exceptions, want fewer than ten", len(exceptions))
	}
	for _, e := range exceptions {
		if e.reason == "" {
			t.Errorf("the exception of %s for %q has no reason", e.file, e.text)
		}
	}
}

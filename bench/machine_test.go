//go:build linux

package main

import (
	"strings"
	"testing"
)

// TestTheLastRunOfEachMakeStays writes runs of two makes of machine.
func TestTheLastRunOfEachMakeStays(t *testing.T) {
	run := func(processor, result string) string {
		return introduction + "\n| processor | " + processor + " |\n| hypervisor | none |\n\n" + result + "\n" + notesTitle + "\nnotes\n"
	}
	file := ""
	for _, one := range [][2]string{{"A", "run 1"}, {"B", "run 2"}, {"A", "run 3"}, {"A", "run 4"}} {
		file = withEarlier(run(one[0], one[1]), file)
	}
	for want, count := range map[string]int{"run 1": 0, "run 2": 1, "run 3": 0, "run 4": 1, "\nnotes": 1} {
		if got := strings.Count(file, want); got != count {
			t.Errorf("%q appears %d times, want %d, in\n%s", want, got, count, file)
		}
	}
}

// TestAReportThatNamesLessIsOfTheSameMake reads a report from before the hypervisor was named.
func TestAReportThatNamesLessIsOfTheSameMake(t *testing.T) {
	newer := machine("| processor | A |\n| hypervisor | none |\n| 32-bit programs | run |\n")
	for older, want := range map[string]bool{
		"| processor | A |\n":                           true,
		"| processor | B |\n":                           false,
		"| processor | A |\n| hypervisor | another |\n": false,
	} {
		if got := isSameMake(machine(older), newer); got != want {
			t.Errorf("%q: %t, want %t", older, got, want)
		}
	}
}

package main

import "strings"

// exception allows those faults of a file whose message contains text.
type exception struct{ file, text, reason string }

// exceptions must stay fewer than ten.
var exceptions = []exception{}

// excuse returns the faults without the allowed ones, and the exceptions that allowed none.
func excuse(faults []fault) (left []fault, unused []exception) {
	used := make(map[exception]bool)
	for _, f := range faults {
		allowed := false
		for _, e := range exceptions {
			if f.file == e.file && strings.Contains(f.text, e.text) {
				allowed, used[e] = true, true
			}
		}
		if !allowed {
			left = append(left, f)
		}
	}
	for _, e := range exceptions {
		if !used[e] {
			unused = append(unused, e)
		}
	}
	return left, unused
}

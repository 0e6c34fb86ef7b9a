package bitnames_test

import (
	"math"
	"testing"

	"iomux/internal/bitnames"
)

func TestFormat(t *testing.T) {
	names := []bitnames.Name{
		{Value: 0, Text: "absent"}, {Value: 3, Text: "Both"}, {Value: 1, Text: "One"}, {Value: 1, Text: "Alias"},
		{Value: 2, Text: "Two"},
	}
	for value, want := range map[uint64]string{
		0: "0", 1: "One", 2: "Two", 3: "Both", 5: "One|0x4", 0x400: "0x400", math.MaxUint64: "Both|0xfffffffffffffffc",
	} {
		if got := bitnames.Format(value, names); got != want {
			t.Errorf("Format(%#x) = %q, want %q", value, got, want)
		}
	}
}

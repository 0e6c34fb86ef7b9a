// Package bitnames formats sets of flags by name, such as In|Hup|0x400.
package bitnames

import (
	"strconv"
	"strings"
)

// Name is the name of a flag, which consists of one bit or several.
type Name struct {
	Value uint64
	Text  string
}

// Format returns the names of the flags in value, separated by "|". If two names share a bit, the
// earlier one is used. Bits without a name follow as one hexadecimal number. Zero is "0".
func Format(value uint64, names []Name) string {
	if value == 0 {
		return "0"
	}
	var parts []string
	for _, name := range names {
		if name.Value != 0 && value&name.Value == name.Value {
			parts = append(parts, name.Text)
			value &^= name.Value
		}
	}
	if value != 0 {
		parts = append(parts, "0x"+strconv.FormatUint(value, 16))
	}
	return strings.Join(parts, "|")
}

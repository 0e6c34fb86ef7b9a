// Package bitnames spells sets of flags the way people write them: In|Hup|0x400.
package bitnames

import (
	"strconv"
	"strings"
)

// Name is one flag, a bit or several, and how it is written.
type Name struct {
	Value uint64
	Text  string
}

// Format spells value with names; earlier names win where two share a bit, and bits without a name follow as one
// hexadecimal number. No bit at all is "0".
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

package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// marked is a table in which the signals that Go unblocks are marked, among other marks.
func marked(signals ...int) []byte {
	table := make([]byte, 65*row)
	for signal := range 65 {
		binary.LittleEndian.PutUint32(table[signal*row:], 3)
	}
	for _, signal := range signals {
		binary.LittleEndian.PutUint32(table[signal*row:], 3|unblocked)
	}
	return table
}

func TestMarksAreTakenFromAllButTheCLibrarysSignals(t *testing.T) {
	table := marked(4, 5, 7, 8, 11, 16, 17, 27, 32, 33, 34)
	if err := clearMarks(table, binary.LittleEndian); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(table, marked(32, 33)) {
		t.Error("the table is another one than that in which only 32 and 33 are marked")
	}
}

func TestAnUnknownTableIsLeftAlone(t *testing.T) {
	for name, table := range map[string][]byte{"shorter": marked(17)[row:], "without marks": marked(1, 2, 3)} {
		before := bytes.Clone(table)
		if err := clearMarks(table, binary.LittleEndian); err == nil {
			t.Errorf("a table that is %s is taken", name)
		}
		if !bytes.Equal(table, before) {
			t.Errorf("a table that is %s was changed", name)
		}
	}
}

func TestAFileThatIsNoLibraryIsRefused(t *testing.T) {
	if err := quiet("main.go"); err == nil {
		t.Error("no error")
	}
}

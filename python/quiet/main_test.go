package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// marked returns a table in which the given signals are marked, besides other flags.
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

func TestOnlyTheCLibrarysSignalsStayMarked(t *testing.T) {
	table := marked(4, 5, 7, 8, 11, 16, 17, 27, 32, 33, 34)
	if err := clearMarks(table, binary.LittleEndian); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(table, marked(32, 33)) {
		t.Error("other signals than 32 and 33 are marked, or other flags changed")
	}
}

func TestUnknownTablesAreNotChanged(t *testing.T) {
	for name, table := range map[string][]byte{"shorter": marked(17)[row:], "without marks": marked(1, 2, 3)} {
		before := bytes.Clone(table)
		if err := clearMarks(table, binary.LittleEndian); err == nil {
			t.Errorf("clearMarks accepted the table %s", name)
		}
		if !bytes.Equal(table, before) {
			t.Errorf("clearMarks changed the table %s", name)
		}
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	if err := quiet("main.go"); err == nil {
		t.Error("quiet accepted a file that is not a library")
	}
}

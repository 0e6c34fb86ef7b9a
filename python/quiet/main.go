// Command quiet makes the Go runtime in a shared library leave signals alone.
//
// Python loads the library with all signals blocked. The runtime's threads inherit that, so they
// never take a signal for which Python code waits (sigwait, signalfd). But the signal table of the
// runtime marks some signals, such as SIGCHLD and SIGPROF. The runtime unblocks these in its own
// threads, and in each thread that enters it. No setting prevents that, so quiet clears the marks
// in the file.
package main

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
)

// unblocked is the mark, the runtime's _SigUnblock.
const unblocked = 1 << 7

// row is the size of a sigTabT: flags and a string.
const row = 24

// The C library cancels threads and changes their users with these signals, so they stay unblocked.
const firstOwn, lastOwn = 32, 33

func main() {
	log.SetFlags(0)
	log.SetPrefix("quiet: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: quiet LIBRARY")
	}
	if err := quiet(os.Args[1]); err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
}

func quiet(path string) error {
	offset, size, order, err := find(path)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	table := make([]byte, size)
	if _, err := file.ReadAt(table, offset); err != nil {
		return err
	}
	if err := clearMarks(table, order); err != nil {
		return err
	}
	if _, err := file.WriteAt(table, offset); err != nil {
		return err
	}
	return file.Close()
}

// find returns the position of the signal table in the file.
func find(path string) (offset, size int64, order binary.ByteOrder, err error) {
	library, err := elf.Open(path)
	if err != nil {
		return 0, 0, nil, err
	}
	defer library.Close()
	if library.Class != elf.ELFCLASS64 {
		return 0, 0, nil, errors.New("it is not a 64-bit library")
	}
	symbols, err := library.Symbols()
	if err != nil {
		return 0, 0, nil, err
	}
	for _, symbol := range symbols {
		if symbol.Name == "runtime.sigtable" && int(symbol.Section) < len(library.Sections) {
			section := library.Sections[symbol.Section]
			return int64(symbol.Value - section.Addr + section.Offset), int64(symbol.Size), library.ByteOrder, nil
		}
	}
	return 0, 0, nil, errors.New("it has no symbol runtime.sigtable")
}

// clearMarks clears the marks, or returns an error and changes nothing if the table is an unknown
// one.
func clearMarks(table []byte, order binary.ByteOrder) error {
	if len(table) != 65*row {
		return fmt.Errorf("the signal table has %d bytes: the Go version is too new", len(table))
	}
	for _, signal := range []int{4, 5, 7, 8, 11, 16, 17, 27, 32, 33, 34} {
		if order.Uint32(table[signal*row:])&unblocked == 0 {
			return fmt.Errorf("signal %d is not marked: the Go version is too new", signal)
		}
	}
	for signal := range 65 {
		flags := order.Uint32(table[signal*row:])
		if signal < firstOwn || signal > lastOwn {
			flags &^= unblocked
		}
		order.PutUint32(table[signal*row:], flags)
	}
	return nil
}

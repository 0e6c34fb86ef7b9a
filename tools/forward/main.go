// Command forward writes a DLL without code for Windows on amd64. Each export of the DLL forwards
// to an export of another DLL.
//
//	forward bcryptprimitives.dll ProcessPrng=advapi32.SystemFunction036
//
// Wine 8 lacks bcryptprimitives.dll, which Go programs need for random numbers.
package main

import (
	"bytes"
	"cmp"
	"debug/pe"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "forward:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("name the file, and what it forwards: forward FILE.dll NAME=DLL.NAME …")
	}
	var exports []export
	for _, arg := range args[1:] {
		name, target, found := strings.Cut(arg, "=")
		if !found || name == "" || !strings.Contains(target, ".") {
			return fmt.Errorf("%q is not of the form NAME=DLL.NAME", arg)
		}
		exports = append(exports, export{name, target})
	}
	return os.WriteFile(args[0], library(filepath.Base(args[0]), exports), 0o644)
}

// export is a name and its target. The target has the form DLL.NAME.
type export struct{ name, target string }

// The only section starts at start in the file. In memory it must start at a multiple of the page
// size.
const (
	start   = 0x200
	address = 0x1000
)

// library returns the content of the DLL file.
func library(name string, exports []export) []byte {
	section := table(name, exports)
	sectionSize := uint32(len(section))
	raw := (sectionSize + start - 1) / start * start

	var file bytes.Buffer
	put := func(v any) { _ = binary.Write(&file, binary.LittleEndian, v) } // it never fails
	// The DOS header. 0x3c holds the offset of the next header.
	header := [0x40]byte{0: 'M', 1: 'Z', 0x3c: 0x40}
	put(header)
	put([]byte("PE\x00\x00"))
	put(pe.FileHeader{
		Machine:              pe.IMAGE_FILE_MACHINE_AMD64,
		NumberOfSections:     1,
		SizeOfOptionalHeader: uint16(binary.Size(pe.OptionalHeader64{})),
		Characteristics:      pe.IMAGE_FILE_EXECUTABLE_IMAGE | pe.IMAGE_FILE_LARGE_ADDRESS_AWARE | pe.IMAGE_FILE_DLL,
	})
	put(optionalHeader(sectionSize, raw))
	put(pe.SectionHeader32{
		Name:             [8]uint8{'.', 'e', 'd', 'a', 't', 'a'},
		VirtualSize:      sectionSize,
		VirtualAddress:   address,
		SizeOfRawData:    raw,
		PointerToRawData: start,
		Characteristics:  pe.IMAGE_SCN_CNT_INITIALIZED_DATA | pe.IMAGE_SCN_MEM_READ,
	})
	put(make([]byte, start-file.Len()))
	put(section)
	put(make([]byte, raw-sectionSize))
	return file.Bytes()
}

// optionalHeader returns the header of a DLL whose section takes raw bytes in the file. Images
// require it despite its name.
func optionalHeader(sectionSize, raw uint32) pe.OptionalHeader64 {
	header := pe.OptionalHeader64{
		Magic:                 0x20b,
		SizeOfInitializedData: raw,
		ImageBase:             0x180000000,
		SectionAlignment:      address,
		FileAlignment:         start,
		MajorSubsystemVersion: 6,
		SizeOfImage:           address + (sectionSize+address-1)/address*address,
		SizeOfHeaders:         start,
		Subsystem:             pe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
		DllCharacteristics:    pe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		NumberOfRvaAndSizes:   16,
	}
	header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_EXPORT] = pe.DataDirectory{VirtualAddress: address, Size: sectionSize}
	return header
}

// directory is IMAGE_EXPORT_DIRECTORY. Its addresses are relative to the start of the DLL in
// memory.
type directory struct {
	_, _                               uint32
	_, _                               uint16
	Name, Base, Functions, Names       uint32
	AddressOfFunctions, AddressOfNames uint32
	AddressOfOrdinals                  uint32
}

// table returns the section with the exports. If the address of a function lies within the section,
// the loader reads the text there, which names a function of another DLL.
func table(name string, exports []export) []byte {
	// The loader uses binary search.
	slices.SortFunc(exports, func(a, b export) int { return cmp.Compare(a.name, b.name) })
	count := uint32(len(exports))
	functions := address + uint32(binary.Size(directory{}))
	names := functions + 4*count
	ordinals := names + 4*count
	texts := ordinals + 2*count

	var text bytes.Buffer
	place := func(s string) (at uint32) {
		at = texts + uint32(text.Len())
		text.WriteString(s + "\x00")
		return at
	}
	head := directory{
		Name: place(name), Base: 1, Functions: count, Names: count,
		AddressOfFunctions: functions, AddressOfNames: names, AddressOfOrdinals: ordinals,
	}
	var targetsAt, namesAt []uint32
	var ordinal []uint16
	for i, export := range exports {
		targetsAt = append(targetsAt, place(export.target))
		namesAt = append(namesAt, place(export.name))
		ordinal = append(ordinal, uint16(i))
	}
	var section bytes.Buffer
	for _, part := range []any{head, targetsAt, namesAt, ordinal, text.Bytes()} {
		_ = binary.Write(&section, binary.LittleEndian, part) // a Buffer never fails
	}
	return section.Bytes()
}

package main

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exportsOf reads a DLL as the loader of Windows does. It returns the name of the DLL, and the
// target of each export.
func exportsOf(t *testing.T, path string) (name string, exports map[string]string) {
	t.Helper()
	file, err := pe.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if file.Machine != pe.IMAGE_FILE_MACHINE_AMD64 || file.Characteristics&pe.IMAGE_FILE_DLL == 0 {
		t.Errorf("the file is of machine %#x and has the characteristics %#x", file.Machine, file.Characteristics)
	}
	optional, _ := file.OptionalHeader.(*pe.OptionalHeader64)
	where := optional.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_EXPORT]
	section := file.Sections[0]
	data, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	at := func(address uint32) []byte { return data[address-section.VirtualAddress:] }
	number := func(address uint32) uint32 { return binary.LittleEndian.Uint32(at(address)) }
	text := func(address uint32) string {
		text, _, _ := bytes.Cut(at(address), []byte{0})
		return string(text)
	}
	var head directory
	if _, err := binary.Decode(at(where.VirtualAddress), binary.LittleEndian, &head); err != nil {
		t.Fatal(err)
	}
	exports = make(map[string]string)
	before := ""
	for i := range head.Names {
		ordinal := binary.LittleEndian.Uint16(at(head.AddressOfOrdinals + 2*i))
		function := number(head.AddressOfFunctions + 4*uint32(ordinal))
		if function < where.VirtualAddress || function >= where.VirtualAddress+where.Size {
			t.Errorf("export %d is at %#x, outside of the section: the loader takes it for code", i, function)
		}
		export := text(number(head.AddressOfNames + 4*i))
		if export < before {
			t.Errorf("%q follows %q: the loader does not find it", export, before)
		}
		before = export
		exports[export] = text(function)
	}
	return text(head.Name), exports
}

func TestExportsForwardToOthers(t *testing.T) {
	for _, want := range []map[string]string{
		{"ProcessPrng": "advapi32.SystemFunction036"},
		{"b": "x.one", "a": "y.two", "ab": strings.Repeat("long", 2000) + ".three"},
	} {
		args := []string{filepath.Join(t.TempDir(), "some.dll")}
		for name, target := range want {
			args = append(args, name+"="+target)
		}
		if err := run(args); err != nil {
			t.Fatal(err)
		}
		if name, got := exportsOf(t, args[0]); name != "some.dll" || !maps.Equal(got, want) {
			t.Errorf("%s exports %v, want %v", name, got, want)
		}
	}
}

func TestFaultyArguments(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.dll")
	for _, args := range [][]string{nil, {path}, {path, "Name"}, {path, "=dll.Name"}, {path, "Name=dll"}} {
		if err := run(args); err == nil {
			t.Errorf("run(%q) did not fail", args)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was written")
	}
	if err := run([]string{filepath.Join(path, "some.dll"), "Name=dll.Name"}); err == nil {
		t.Error("run did not fail in a folder that does not exist")
	}
}

package iomux

import (
	"iomux/internal/bitnames"
	"iomux/internal/pathwatch"
)

// Change is a set of things that happened to the path of [Poller.RegisterPath]. It prints as
// Modified|Extended.
type Change uint32

// The changes. A save by rename, a swapped symbolic link and a replaced folder above are reported
// as Created, maybe with Deleted.
const (
	Modified   = Change(pathwatch.Modified)   // the contents were written or truncated, or a folder's entries changed
	Extended   = Change(pathwatch.Extended)   // the file has grown; Modified comes with it
	Attributes = Change(pathwatch.Attributes) // the permissions, the owner or the times changed
	Linked     = Change(pathwatch.Linked)     // the number of hard links changed
	Renamed    = Change(pathwatch.Renamed)    // the file was moved to another name
	Deleted    = Change(pathwatch.Deleted)    // the file was removed, or the name leads to nothing now
	Created    = Change(pathwatch.Created)    // the name leads to a file that it did not lead to before
)

var changeNames = []bitnames.Name{
	{Value: uint64(Modified), Text: "Modified"},
	{Value: uint64(Extended), Text: "Extended"},
	{Value: uint64(Attributes), Text: "Attributes"},
	{Value: uint64(Linked), Text: "Linked"},
	{Value: uint64(Renamed), Text: "Renamed"},
	{Value: uint64(Deleted), Text: "Deleted"},
	{Value: uint64(Created), Text: "Created"},
}

// String returns the names of the changes joined by |, and bits without a name in hexadecimal. It
// returns 0 for the empty set.
func (c Change) String() string { return bitnames.Format(uint64(c), changeNames) }

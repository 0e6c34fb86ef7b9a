//go:build unix

package selectfd_test

import (
	"errors"
	"net"
	"os"
	"slices"
	"testing"

	"iomux/internal/test/suite"
	"iomux/selectfd"
)

type number uint16

func TestSelectAcceptsValuesWithADescriptor(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer func() { must(t, errors.Join(r.Close(), w.Close())) }()
	raw, rawW := suite.Pipe(t)
	suite.Write(t, rawW)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, listener.Close()) }()
	_, err = w.Write([]byte{'x'})
	must(t, err)

	files, _, _, err := selectfd.Select([]*os.File{r}, nil, nil, soon)
	if err != nil || !slices.Equal(files, []*os.File{r}) {
		t.Errorf("Select of files: %v, %v", files, err)
	}
	mixture, _, _, err := selectfd.Select([]any{listener, raw, uint8(raw), r, number(raw)}, nil, nil, soon)
	if err != nil || !slices.Equal(mixture, []any{raw, uint8(raw), r, number(raw)}) {
		t.Errorf("Select of a mixture: %v, %v", mixture, err)
	}
	handles, _, _, err := selectfd.Select([]uintptr{uintptr(raw)}, nil, nil, soon)
	if err != nil || !slices.Equal(handles, []uintptr{uintptr(raw)}) {
		t.Errorf("Select of uintptrs: %v, %v", handles, err)
	}
}

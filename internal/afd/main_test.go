//go:build windows

package afd_test

import (
	"testing"

	"iomux/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

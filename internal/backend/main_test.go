package backend

import (
	"testing"

	"iomux/internal/test/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

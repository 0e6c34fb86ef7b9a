package backend

import (
	"testing"

	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

func TestMain(m *testing.M) { leak.Main(m) }

var must = suite.Must

package pathwatch

import (
	"fmt"
	"testing"

	"iomux/internal/test/leak"
)

func TestMain(m *testing.M) {
	if err := leak.Forbidden(); err != nil {
		fmt.Println("all tests are left out:", err)
		return
	}
	leak.Main(m)
}

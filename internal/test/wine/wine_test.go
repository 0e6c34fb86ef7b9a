package wine_test

import (
	"os"
	"path/filepath"
	"testing"

	"iomux/internal/test/wine"
)

func TestRemoveAll(t *testing.T) {
	folder := wine.Folder(t)
	inner := filepath.Join(folder, "one", "two")
	if err := os.MkdirAll(inner, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(folder, "file"), filepath.Join(inner, "file")} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := wine.RemoveAll(filepath.Join(folder, "one")); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(folder); len(entries) != 1 || err != nil {
		t.Errorf("left are %v, %v, want the file", entries, err)
	}
	if err := wine.RemoveAll(filepath.Join(folder, "nothing")); err == nil {
		t.Error("nothing was removed")
	}
}

func TestSkipSkipsUnderWineAlone(t *testing.T) {
	skipped := true
	t.Run("deviation", func(t *testing.T) {
		wine.Skip(t, "this test is skipped")
		skipped = false
	})
	if skipped != wine.Running() {
		t.Errorf("skipped: %v, under Wine: %v", skipped, wine.Running())
	}
}

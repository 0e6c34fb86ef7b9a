package imports_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// named matches the names of tests, and those of the suite's rows, in a document.
var named = regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]+|[A-Z][A-Za-z]+[a-z][A-Z][A-Za-z]+)`")

// TestEmulationsAreTestedAsDocumented checks that the tests in docs/emulations.md exist.
func TestEmulationsAreTestedAsDocumented(t *testing.T) {
	t.Parallel()
	module := root(t)
	var code strings.Builder
	for _, file := range sources(t) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/test/") {
			text, err := fs.ReadFile(module, file)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(text)
		}
	}
	text, err := fs.ReadFile(module, "docs/emulations.md")
	if err != nil {
		t.Fatal(err)
	}
	names := named.FindAllSubmatch(text, -1)
	if len(names) == 0 {
		t.Error("the document names no tests")
	}
	for _, match := range names {
		name := string(match[1])
		if name != "TestSuite" && !strings.Contains(code.String(), "func "+name+"(") && !strings.Contains(code.String(), `name: "`+name+`"`) {
			t.Errorf("the document names %s, which does not exist", name)
		}
	}
}

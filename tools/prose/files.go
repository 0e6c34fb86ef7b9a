package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// blocksOf returns the prose of a file, and the numbers of its long lines.
func blocksOf(file, text string) (blocks []block, long []int) {
	switch name := path.Base(file); {
	case strings.HasSuffix(name, ".go"):
		return goBlocks(file, text)
	case strings.HasSuffix(name, ".md"):
		return documentBlocks(text)
	case strings.HasSuffix(name, ".c"), strings.HasSuffix(name, ".h"):
		return sourceBlocks(text, slashed)
	case name == "Makefile", name == "run", strings.HasSuffix(name, ".mk"), strings.HasSuffix(name, ".sh"),
		strings.HasSuffix(name, ".py"), strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".bash"),
		strings.HasSuffix(name, ".txtar"):
		return sourceBlocks(text, hashed)
	}
	return nil, nil
}

// goBlocks returns the comments, the strings and the names of the tests of a Go file.
func goBlocks(file, text string) (blocks []block, long []int) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, text, parser.ParseComments)
	if err != nil {
		return nil, nil // the compiler reports it
	}
	blocks, long = commentBlocks(files, tree, strings.Split(text, "\n"))
	isHelp := strings.HasPrefix(file, "cmd/") && !strings.HasSuffix(file, "_test.go")
	ast.Inspect(tree, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if name, isTest := strings.CutPrefix(node.Name.Name, "Test"); isTest {
				blocks = append(blocks, block{files.Position(node.Pos()).Line, []string{wordsOf(name)}})
			}
		case *ast.BasicLit:
			if content, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING {
				b := block{files.Position(node.Pos()).Line, strings.Split(content, "\n")}
				blocks = append(blocks, b)
				long = append(long, longHelp(b, isHelp)...)
			}
		}
		return true
	})
	return blocks, long
}

// commentBlocks returns the comments of a Go file. Code and headings in a comment end a block. The
// expected output of an example may have long lines.
func commentBlocks(files *token.FileSet, tree *ast.File, lines []string) (blocks []block, long []int) {
	for _, group := range tree.Comments {
		b := block{line: files.Position(group.Pos()).Line}
		isOutput := false
		for _, comment := range group.List {
			if strings.HasPrefix(comment.Text, "//go:") || strings.HasPrefix(comment.Text, "//nolint") {
				continue
			}
			number := files.Position(comment.Pos()).Line
			isOutput = isOutput || comment.Text == "// Output:"
			if !isOutput && isLong(lines[number-1], widest) {
				long = append(long, number)
			}
			content := strings.TrimPrefix(comment.Text, "//")
			if strings.HasPrefix(content, "\t") || strings.HasPrefix(content, " #") {
				blocks = append(blocks, b)
				b = block{line: number + 1}
				continue
			}
			b.lines = append(b.lines, strings.TrimSpace(content))
		}
		blocks = append(blocks, b)
	}
	return blocks, long
}

// longHelp returns the numbers of the long lines of a string that is a text of help.
func longHelp(b block, isHelp bool) (long []int) {
	for i, line := range b.lines {
		if isHelp && len(b.lines) > 3 && isLong(line, widestHelp) {
			long = append(long, b.line+i)
		}
	}
	return long
}

var capital = regexp.MustCompile(`[a-z0-9][A-Z]`)

// wordsOf splits a name such as WaitReturnsAtOnce into words. Only the first keeps its capital
// letter.
func wordsOf(name string) string {
	return capital.ReplaceAllStringFunc(name, func(pair string) string { return pair[:1] + " " + strings.ToLower(pair[1:]) })
}

var code = regexp.MustCompile("`[^`]*`")

// documentBlocks returns the paragraphs of a Markdown document. It leaves out code, tables and
// headings.
func documentBlocks(text string) (blocks []block, long []int) {
	b, fenced := block{line: 1}, false
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		fence, table := strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "|")
		if fence {
			fenced = !fenced
		}
		if !fence && !fenced && !table && isLong(line, widest) && !strings.HasPrefix(trimmed, "![") {
			long = append(long, i+1)
		}
		if fence || fenced || table || trimmed == "" || strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "- ") {
			blocks = append(blocks, b)
			b = block{line: i + 1}
		}
		switch {
		case fence, fenced, trimmed == "", strings.HasPrefix(trimmed, "#"):
			b.line++
		default:
			b.lines = append(b.lines, code.ReplaceAllString(strings.TrimPrefix(trimmed, "- "), "code"))
		}
	}
	return append(blocks, b), long
}

// These patterns match the comments and strings of files that are not Go. Each one suits languages
// in which the marks of the other do not start a comment.
var (
	slashed = regexp.MustCompile(`(?s)//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"`)
	hashed  = regexp.MustCompile(`(?sm)^[ \t]*#[^\n]*|[ \t]#[^\n]*|""".*?"""|"(?:\\.|[^"\\\n])*"`)
)

// sourceBlocks returns the comments and strings that pattern finds. Comments of consecutive lines
// are one block.
func sourceBlocks(text string, pattern *regexp.Regexp) (blocks []block, long []int) {
	lines := strings.Split(text, "\n")
	b, next := block{}, 0
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		number := 1 + strings.Count(text[:at[0]], "\n")
		piece := strings.TrimSpace(text[at[0]:at[1]])
		if number != next || piece[0] == '"' {
			blocks = append(blocks, b)
			b = block{line: number}
		}
		for i, line := range strings.Split(piece, "\n") {
			if piece[0] != '"' && isLong(lines[number+i-1], widest) {
				long = append(long, number+i)
			}
			b.lines = append(b.lines, strings.Trim(line, "#/*\" \t"))
		}
		next = b.line + len(b.lines)
	}
	return append(blocks, b), long
}

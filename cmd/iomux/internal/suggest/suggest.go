// Package suggest finds the name that a misspelt word most likely stands for.
package suggest

import "strings"

// Nearest returns the name that differs least from word, or "" if no name is similar. The case of
// letters does not count. An abbreviation differs in one letter.
func Nearest(word string, names ...string) string {
	nearest, least := "", 0
	word = strings.ToLower(word)
	for _, name := range names {
		lower := strings.ToLower(name)
		edits := distance(word, lower)
		if len(word) > 3 && strings.HasPrefix(lower, word) {
			edits = min(edits, 1)
		}
		if allowed := max(1, min(len(word), len(name))/3); edits <= allowed && (nearest == "" || edits < least) {
			nearest, least = name, edits
		}
	}
	return nearest
}

// Question returns ": did you mean NAME?" for the nearest name, or "".
func Question(word string, names ...string) string {
	if nearest := Nearest(word, names...); nearest != "" {
		return ": did you mean " + nearest + "?"
	}
	return ""
}

// distance counts the insertions, deletions, replacements and swaps of neighbours between a and b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range len(b) {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

package suggest

import "testing"

func TestNearestFindsMisspeltNames(t *testing.T) {
	names := []string{"wait", "mechanisms", "help", "completion"}
	for word, want := range map[string]string{
		"wiat":      "wait",
		"WAIT":      "wait",
		"wai":       "wait",
		"mechanism": "mechanisms",
		"hlep":      "help",
		"mech":      "mechanisms",
		"Mech":      "mechanisms",
		"mec":       "",
		"":          "",
		"start":     "",
		"\xff\xfe":  "",
		"é":         "",
	} {
		if got := Nearest(word, names...); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

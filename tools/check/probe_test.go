package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// probed builds the command and returns its output with -probe, after change has modified the
// command. No probe may start Wine here, because it would end the Wine server of a simultaneous
// make wine.
func probed(t *testing.T, change func(*exec.Cmd), steps ...string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command:", err)
	}
	folder := t.TempDir()
	// Another user must be able to run the command.
	for path, mode := range map[string]os.FileMode{folder: 0o777, filepath.Dir(folder): 0o755} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(folder, "check")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"-probe"}, steps...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "TMPDIR="+folder)
	change(cmd)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

// has checks that the output contains all texts.
func has(t *testing.T, output string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("%q is missing in:\n%s", text, output)
		}
	}
}

// only returns a change that leaves nothing but these programs on PATH.
func only(t *testing.T, programs ...string) func(*exec.Cmd) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range programs {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("this machine has no %s", name)
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "PATH="+folder) }
}

func TestProbeNamesProgramsThatAreNotInstalled(t *testing.T) {
	t.Parallel()
	output := probed(t, only(t, "go", "env", "make", "sh"),
		"formatted", "race", "prose", "scripts", "layouts-arm64", "layouts-s390x", "wine")
	has(t, output, "can run step formatted", "can run step test instead",
		"left out: step wine: wine is not installed",
		"left out: step prose: git is not installed",
		"left out: step scripts: shellcheck is not installed",
		"left out: step layouts-arm64: qemu-aarch64 is not installed",
		"left out: step layouts-s390x: qemu-s390x is not installed",
		"left out: step race: cannot build a program: ")
}

// TestProbeOfAKernelWithout32BitPrograms registers a handler that refuses 32-bit programs, in a new
// user namespace.
func TestProbeOfAKernelWithout32BitPrograms(t *testing.T) {
	t.Parallel()
	const script = `mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
echo ':refuse:M::\x7fELF\x01\x01\x01\x00::/bin/false:' >/proc/sys/fs/binfmt_misc/register`
	inside := []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script + ` && exec "$@"`, "sh"}
	if output, err := exec.CommandContext(t.Context(), inside[0], append(inside[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("no namespace with handlers of its own: %v %s", err, output)
	}
	has(t, probed(t, within(inside), "formatted", "layouts-386"), "left out: step layouts-386: this machine runs no 386 programs: ", "can run step formatted")
}

// TestProbeOfAPoorSystem removes one thing that tests need at a time, in a new namespace.
func TestProbeOfAPoorSystem(t *testing.T) {
	for missing, setup := range map[string]struct{ flag, script string }{
		"tests of IPv6": {"--net", "true"},
		"tests on a terminal": {"--mount", `file=$(mktemp) && mount --bind "$file" /dev/ptmx &&
mount -o remount,bind,ro /dev/ptmx; rm -f "$file"`},
		"tests in namespaces": {"--mount", "echo 0 >/proc/sys/user/max_user_namespaces"},
	} {
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			inside := []string{"unshare", "--user", "--map-root-user", setup.flag, "sh", "-c", "{ " + setup.script + `
} && exec "$@"`, "sh"}
			if output, err := exec.CommandContext(t.Context(), inside[0], append(inside[1:], "true")...).CombinedOutput(); err != nil {
				t.Skipf("no such namespace: %v %s", err, output)
			}
			has(t, probed(t, within(inside), "formatted"), "left out: "+missing+": ", "can run step formatted")
		})
	}
}

// within returns a change that makes another command, such as unshare, start the command.
func within(outer []string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		path, err := exec.LookPath(outer[0])
		if err != nil {
			panic(err) // it was started before
		}
		cmd.Path, cmd.Args = path, append(append([]string{}, outer...), cmd.Args...)
	}
}

func TestProbeOfAUserWhoIsNotRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	home := t.TempDir()
	if err := os.Chown(home, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	other := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	reads := exec.CommandContext(t.Context(), "go", "version")
	reads.Dir, reads.SysProcAttr = "..", other
	if err := reads.Run(); err != nil {
		t.Skip("other users cannot read this checkout or run Go:", err)
	}
	output := probed(t, func(cmd *exec.Cmd) {
		cmd.SysProcAttr = other
		cmd.Env = append(cmd.Env, "HOME="+home, "GOCACHE="+home, "GOPATH="+home, "GOFLAGS=-buildvcs=false")
	}, "formatted", "scripts")
	has(t, output, "left out: tests that need root: the user is not root", "can run step formatted")
}

//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package iomux

const pipeBuf = 512

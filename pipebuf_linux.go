package iomux

const pipeBuf = 4096

package iomux

const pipeBuf = 5120

import type { Architecture } from '@kiln/recipe';

const ofNode: Readonly<Record<string, Architecture>> = {
  x64: 'x86_64',
  ia32: 'x86',
  arm64: 'aarch64',
  arm: 'armv7',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loongarch64',
};

/** The architecture of this machine. */
export function hostArchitecture(): Architecture {
  return ofNode[process.arch] ?? 'x86_64';
}

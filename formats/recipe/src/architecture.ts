/** apk's architecture names. */
export const architectures = [
  'x86_64',
  'x86',
  'aarch64',
  'armhf',
  'armv7',
  'ppc64le',
  'riscv64',
  's390x',
  'loongarch64',
] as const;

export type Architecture = (typeof architectures)[number];

/** The C library in the triplets of the host: `gnu`, `musl`, or what else somebody calls his. */
export type Libc = string;

interface Row {
  readonly go: string;
  readonly gnu: string;
  readonly rust: string;
}

/** Go's name, the GNU triplet and Rust's target for glibc; other libraries replace `gnu`. */
const table: Readonly<Record<Architecture, Row>> = {
  x86_64: { go: 'amd64', gnu: 'x86_64-pc-linux-gnu', rust: 'x86_64-unknown-linux-gnu' },
  x86: { go: '386', gnu: 'i486-pc-linux-gnu', rust: 'i686-unknown-linux-gnu' },
  aarch64: { go: 'arm64', gnu: 'aarch64-unknown-linux-gnu', rust: 'aarch64-unknown-linux-gnu' },
  armhf: {
    go: 'arm/v6',
    gnu: 'arm-unknown-linux-gnueabihf',
    rust: 'armv6-unknown-linux-gnueabihf',
  },
  armv7: {
    go: 'arm/v7',
    gnu: 'armv7l-unknown-linux-gnueabihf',
    rust: 'armv7-unknown-linux-gnueabihf',
  },
  ppc64le: {
    go: 'ppc64le',
    gnu: 'powerpc64le-unknown-linux-gnu',
    rust: 'powerpc64le-unknown-linux-gnu',
  },
  riscv64: { go: 'riscv64', gnu: 'riscv64-unknown-linux-gnu', rust: 'riscv64-unknown-linux-gnu' },
  s390x: { go: 's390x', gnu: 's390x-ibm-linux-gnu', rust: 's390x-unknown-linux-gnu' },
  loongarch64: {
    go: 'loong64',
    gnu: 'loong64-unknown-linux-gnu',
    rust: 'loong64-unknown-linux-gnu',
  },
};

/** The architecture that apk's or Go's spelling names. */
export function architectureOf(name: string): Architecture | undefined {
  return architectures.find((arch) => arch === name || table[arch].go === name);
}

/**
 * Whether a recipe with these target architectures is built for this one: all where none is named or the only one is
 * `all`. The reference knows apk's names only.
 */
export function appliesTo(
  targets: readonly string[],
  arch: Architecture,
  names: 'all-names' | 'apk-names' = 'all-names',
): boolean {
  if (targets.length === 0 || (targets.length === 1 && targets[0] === 'all')) return true;
  return names === 'apk-names'
    ? targets.includes(arch)
    : targets.some((name) => architectureOf(name) === arch);
}

export function goNameOf(arch: Architecture): string {
  return table[arch].go;
}

/** The variables that depend on the architecture alone. */
export function architectureVariables(arch: Architecture, libc: Libc): ReadonlyMap<string, string> {
  const { go, gnu, rust } = table[arch];
  const named = (triplet: string, name: Libc): string =>
    triplet.replace(/gnu(?=[a-z]*$)/, () => name);
  return new Map([
    ['build.arch', arch],
    ['build.goarch', go],
    ['host.triplet.gnu', named(gnu, libc)],
    ['host.triplet.rust', named(rust, libc)],
    ['cross.triplet.gnu.glibc', gnu],
    ['cross.triplet.gnu.musl', named(gnu, 'musl')],
    ['cross.triplet.rust.glibc', rust],
    ['cross.triplet.rust.musl', named(rust, 'musl')],
  ]);
}

/** One architecture in its three spellings. */
export interface Architecture {
  /** apko's and Go's name, such as `amd64` or `arm/v7`. */
  readonly canonical: string;
  /** apk's name, such as `x86_64`. */
  readonly apk: string;
  /** The OCI platform. */
  readonly oci: { readonly architecture: string; readonly variant: string | undefined };
}

const row = (
  canonical: string,
  apk: string,
  architecture = canonical,
  variant?: string,
): Architecture => ({
  canonical,
  apk,
  oci: { architecture, variant },
});

/** The nine architectures, in the order that `all` means. */
export const architectures: readonly Architecture[] = [
  row('386', 'x86'),
  row('amd64', 'x86_64'),
  row('arm64', 'aarch64'),
  row('arm/v6', 'armhf', 'arm', 'v6'),
  row('arm/v7', 'armv7', 'arm', 'v7'),
  row('loong64', 'loongarch64'),
  row('ppc64le', 'ppc64le'),
  row('riscv64', 'riscv64'),
  row('s390x', 's390x'),
];

/** The architecture with this canonical or apk name; undefined when there is none. */
export function architectureOf(name: string): Architecture | undefined {
  return architectures.find((arch) => arch.canonical === name || arch.apk === name);
}

/** The canonical name; an unknown one stays as it is. */
export function canonicalArch(name: string): string {
  return architectureOf(name)?.canonical ?? name;
}

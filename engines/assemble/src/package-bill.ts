import { joinedLicenses } from '@kiln/apk';
import type { PackageInfo } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import { KilnError, collect, digestOfValue } from '@kiln/base';
import { cyclonedxFragment, cyclonedxFragmentFormat } from '@kiln/cyclonedx';
import type { Fragment } from '@kiln/json-fragments';
import { parseFragment, printFragment } from '@kiln/json-fragments';
import { parseSpdx, spdxBytesMax, spdxFragment, spdxFragmentFormat } from '@kiln/spdx';
import type { PackageFacts, SpdxDocument } from '@kiln/spdx';
import type { BillCache } from './bill-cache.ts';
import type { AssemblyDialect } from './failure.ts';
import type { DataMember, PackageContents } from './package-contents.ts';

/** What one package adds to the documents of every image that has it. */
export interface PackageBill {
  readonly spdx: Fragment;
  readonly cyclonedx: Fragment;
}

/** The file of a package and the system that it is part of. */
export interface BilledPackage {
  readonly apk: Digest;
  /** `ID` of os-release(5). */
  readonly distribution: string;
  /** Called where the parts are not kept yet. */
  open(): Promise<PackageContents>;
}

/**
 * The parts that a package adds to bills of materials, made once for each apk: from the SPDX document in the package, or from
 * what its `.PKGINFO` says where it has none that can be read. Throws what opening and reading a package does.
 */
export async function packageBill(cache: BillCache, one: BilledPackage): Promise<PackageBill> {
  const key = (format: string): Digest =>
    digestOfValue({ format, apk: one.apk, distribution: one.distribution });
  const keys = { spdx: key(spdxFragmentFormat), cyclonedx: key(cyclonedxFragmentFormat) };
  const [spdx, cyclonedx] = await Promise.all([cache.get(keys.spdx), cache.get(keys.cyclonedx)]);
  if (spdx !== undefined && cyclonedx !== undefined) {
    return {
      spdx: parseFragment(spdxFragmentFormat, spdx),
      cyclonedx: parseFragment(cyclonedxFragmentFormat, cyclonedx),
    };
  }
  const contents = await one.open();
  const facts = factsOf(one, contents.info);
  const own = await ownSbom(contents);
  const made = { spdx: spdxFragment(facts, own), cyclonedx: cyclonedxFragment(facts, own) };
  await cache.put(keys.spdx, printFragment(spdxFragmentFormat, made.spdx));
  await cache.put(keys.cyclonedx, printFragment(cyclonedxFragmentFormat, made.cyclonedx));
  return made;
}

function factsOf({ apk, distribution }: BilledPackage, info: PackageInfo): PackageFacts {
  const { name, version, arch, description, url, licenses } = info;
  return {
    name,
    version,
    arch,
    license: joinedLicenses(licenses),
    description,
    url,
    apk,
    distribution: distribution || 'unknown',
  };
}

async function ownSbom(contents: PackageContents): Promise<SpdxDocument | undefined> {
  const paths = sbomPaths(contents.info);
  const found = new Map<string, DataMember>();
  for (const member of contents.members) {
    const { path, type } = member.entry;
    if (type === 'file' && paths.includes(path) && !found.has(path)) found.set(path, member);
  }
  for (const path of paths) {
    const member = found.get(path);
    if (member === undefined) continue;
    if (member.entry.sizeBytes > spdxBytesMax) return undefined;
    const tooLarge = (): Error => new Error(`assertion failed: ${path} is larger than it says`);
    return readableSbom(await collect(contents.read(member.index), spdxBytesMax, tooLarge));
  }
  return undefined;
}

/** Where a package may have its own document; the first that is there counts. */
export function sbomPaths({
  name,
  version,
}: Pick<PackageInfo, 'name' | 'version'>): readonly string[] {
  return [`-${version}`, `-${version.replace(/-r\d+$/, '')}`, ''].map(
    (suffix) => `var/lib/db/sbom/${name}${suffix}.spdx.json`,
  );
}

/** The document, or undefined for one that cannot be read: it must not stop an image that can be described without it. */
export function readableSbom(
  bytes: Uint8Array,
  dialect: AssemblyDialect = 'kiln',
): SpdxDocument | undefined {
  try {
    return parseSpdx(bytes, dialect);
  } catch (error) {
    if (error instanceof KilnError && error.code === 'SPDX_INVALID') return undefined;
    throw error;
  }
}

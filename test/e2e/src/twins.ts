import fs from 'node:fs';
import type { PackageSummary } from '@kiln/server/schemas';
import type { Factory, FactoryOptions } from './factory.ts';
import { treeDifference } from './tree-difference.ts';

/** Another folder, time zone, locale, mask and number of processors; the time differs by itself. */
export const otherConditions: FactoryOptions = {
  within: 'a/rather/deeper/place/than/the/other',
  prefix: ['taskset', '-c', '0', 'sh', '-c', 'umask 027; exec "$@"', 'sh'],
  environment: { TZ: 'Asia/Kathmandu', LANG: 'C', LC_ALL: 'C', USER: 'somebody' },
};

/** What differs between the packages that two factories with the same keys publish; empty when their bytes are equal. */
export async function packageDifferences(one: Factory, other: Factory): Promise<string[]> {
  const [left, right] = [await packages(one), await packages(other)];
  const differences = [...right.keys()]
    .filter((name) => !left.has(name))
    .map((name) => `${name}: only in the second`);
  for (const [name, apk] of left) {
    const twin = right.get(name);
    if (twin === undefined) differences.push(`${name}: only in the first`);
    else
      for (const line of await treeDifference(bytesOf(one, apk), bytesOf(other, twin)))
        differences.push(`${name}: ${line}`);
  }
  return differences;
}

/** What differs between the images of two factories. */
export async function imageDifferences(one: Factory, other: Factory): Promise<string[]> {
  const differences: string[] = [];
  for (const { name, digest } of await one.images()) {
    const [left, right] = [await one.image(name), await other.image(name)];
    for (const [at, layer] of left.layers.entries()) {
      const twin = right.layers[at]?.digest ?? '';
      for (const line of await treeDifference(bytesOf(one, layer.digest), bytesOf(other, twin)))
        differences.push(`${name}: ${line}`);
    }
    if (right.digest !== digest) differences.push(`${name}: ${digest} and ${right.digest}`);
  }
  return differences;
}

const bytesOf = (factory: Factory, digest: string): Uint8Array =>
  fs.readFileSync(factory.blobFile(digest));

async function packages(factory: Factory): Promise<ReadonlyMap<string, string>> {
  const rows = await factory.json<PackageSummary[]>('package', 'ls');
  return new Map(rows.map(({ name, version, apk }) => [`${name}-${version}`, apk]));
}

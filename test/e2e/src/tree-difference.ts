import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { compareBytes } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import { readTar } from '@kiln/tar';

interface Member {
  readonly entry: TarEntry;
  readonly sha256: string;
}

/** Members of concatenated gzip members as one archive: an apk's segments, or a layer. */
async function membersOf(packed: Uint8Array): Promise<readonly Member[]> {
  const members: Member[] = [];
  for await (const { entry, content } of readTar(gunzipSync(packed))) {
    const hash = createHash('sha256');
    for await (const chunk of content as AsyncIterable<Uint8Array>) hash.update(chunk);
    members.push({ entry, sha256: hash.digest('hex') });
  }
  return members;
}

/** The header's fields as text, in the order of their names. */
function fieldsOf({ entry, sha256 }: Member): ReadonlyMap<string, string> {
  const fields = Object.entries(entry)
    .filter(([name]) => name !== 'path')
    .map(([name, value]): [string, string] => [name, textOf(value)]);
  return new Map([
    ...fields.sort(([a], [b]) => compareBytes(a, b)),
    ['content', sha256.slice(0, 12)],
  ]);
}

function textOf(value: unknown): string {
  if (value instanceof Map)
    return [...value]
      .map(([name, bytes]) => `${name}=${String(bytes)}`)
      .sort(compareBytes)
      .join();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * What differs between two packages or layers, entry by entry: one line for each entry that only one has, for each field
 * or content that is not the same, and one when only the order or the compression differs. Empty: equal bytes.
 */
export async function treeDifference(a: Uint8Array, b: Uint8Array): Promise<readonly string[]> {
  if (Buffer.compare(a, b) === 0) return [];
  const [first, second] = [await membersOf(a), await membersOf(b)];
  const left = new Map(first.map((member) => [member.entry.path, member]));
  const right = new Map(second.map((member) => [member.entry.path, member]));
  const lines: string[] = [];
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const [one, other] = [left.get(path), right.get(path)];
    if (one === undefined) lines.push(`${path}: only in the second`);
    else if (other === undefined) lines.push(`${path}: only in the first`);
    else lines.push(...entryDifference(path, one, other));
  }
  if (lines.length > 0) return lines;
  const sameOrder = first.every((member, at) => member.entry.path === second[at]?.entry.path);
  return [sameOrder ? 'only the packing differs' : 'only the order of the entries differs'];
}

function entryDifference(path: string, one: Member, other: Member): readonly string[] {
  const [left, right] = [fieldsOf(one), fieldsOf(other)];
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return names
    .filter((name) => left.get(name) !== right.get(name))
    .map(
      (name) => `${path}: ${name} ${left.get(name) ?? 'absent'} and ${right.get(name) ?? 'absent'}`,
    );
}

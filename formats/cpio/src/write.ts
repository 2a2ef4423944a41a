import { KilnError, assert, shorten } from '@kiln/base';
import type { TarEntry, TarMember } from '@kiln/tar';

/** The largest file that the form can hold. */
export const cpioFileBytesMax: number = 0xffff_ffff;

/** Kinds of stat(2), by the type of an entry. */
const kinds: Readonly<Record<Exclude<TarEntry['type'], 'hardlink'>, number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  char: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
};

/** How much of a file system the archive holds. */
export type CpioRules =
  /** apko's form: the root first, no owners, no times, no hard links; told of each link that is left out. */
  | { readonly kind: 'plain'; onLeftOut(path: string): void }
  /** All that the form can hold. How many names a file has that has several, by its first name. */
  | { readonly kind: 'whole'; readonly names: ReadonlyMap<string, number> };

/**
 * The archive of these members, in their order, as a stream. Each path appears once. In the whole form the content of a file with
 * several names stands at the first of them; a link to something else than a file is written as another one of it. Throws
 * `CPIO_TOO_LARGE` for a file above `cpioFileBytesMax`, and `CPIO_CONTENT_LENGTH` for content that is shorter or longer than its
 * entry says.
 */
export async function* writeCpio(
  members: AsyncIterable<TarMember> | Iterable<TarMember>,
  rules: CpioRules,
): AsyncGenerator<Uint8Array> {
  const inodes = new Inodes(rules);
  let isFirst = rules.kind === 'plain';
  for await (const { entry, content } of members) {
    const one = inodes.resolve(entry);
    if (one === undefined) continue;
    if (isFirst) yield header('.', rootFacts);
    isFirst = false;
    const { mode, type, linkTarget, deviceMajor, deviceMinor, sizeBytes: size } = one.entry;
    const isLink = type === 'symlink';
    const body = isLink ? Buffer.from(linkTarget) : content;
    const sizeBytes = isLink ? Buffer.byteLength(linkTarget) : one.hasContent ? size : 0;
    if (sizeBytes > cpioFileBytesMax)
      throw new KilnError('CPIO_TOO_LARGE', `"${shorten(entry.path)}" has ${sizeBytes} bytes`, {
        hint: 'leave the file out: a cpio archive cannot hold it',
      });
    yield header(entry.path, {
      ...one.facts,
      mode: kinds[type] | (isLink ? 0o777 : mode & 0o7777),
      sizeBytes,
      deviceMajor,
      deviceMinor,
    });
    yield* exactly(entry.path, body, sizeBytes);
    yield new Uint8Array(padding(sizeBytes));
  }
  yield header('TRAILER!!!', {
    ...noFacts,
    links: rules.kind === 'whole' ? 1 : 0,
    mode: 0,
    sizeBytes: 0,
    deviceMajor: 0,
    deviceMinor: 0,
  });
}

type EntryOfOwn = TarEntry & { readonly type: Exclude<TarEntry['type'], 'hardlink'> };

interface ResolvedEntry {
  readonly entry: EntryOfOwn;
  readonly hasContent: boolean;
  readonly facts: typeof noFacts;
}

const noFacts = { inode: 0, uid: 0, gid: 0, links: 0, mtimeSeconds: 0 };

const rootFacts = {
  ...noFacts,
  mode: kinds.directory | 0o777,
  sizeBytes: 0,
  deviceMajor: 0,
  deviceMinor: 0,
};

/** Numbers entries, and knows what hard links lead to. */
class Inodes {
  readonly #rules: CpioRules;
  readonly #firsts = new Map<string, ResolvedEntry>();
  #last = 0;

  constructor(rules: CpioRules) {
    this.#rules = rules;
  }

  /** What is written for an entry; undefined for nothing. */
  resolve(entry: TarEntry): ResolvedEntry | undefined {
    const rules = this.#rules;
    if (rules.kind === 'plain') {
      if (isOwn(entry)) return { entry, hasContent: true, facts: noFacts };
      rules.onLeftOut(entry.path);
      return undefined;
    }
    if (!isOwn(entry)) return this.#linked(entry);
    const { uid, gid } = entry;
    const names = rules.names.get(entry.path) ?? 1;
    const facts = {
      inode: ++this.#last,
      uid: field(uid),
      gid: field(gid),
      links: names,
      mtimeSeconds: field(entry.mtimeSeconds),
    };
    const one = { entry, hasContent: true, facts };
    if (names > 1) this.#firsts.set(entry.path, one);
    return one;
  }

  #linked({ path, linkTarget }: TarEntry): ResolvedEntry {
    const first = this.#firsts.get(linkTarget);
    assert(first !== undefined, 'a hard link comes after the name that it leads to');
    if (first.entry.type === 'file') return { ...first, hasContent: false };
    return {
      ...first,
      entry: { ...first.entry, path },
      facts: { ...first.facts, inode: ++this.#last, links: 1 },
    };
  }
}

function isOwn(entry: TarEntry): entry is EntryOfOwn {
  return entry.type !== 'hardlink';
}

/** Fields have 32 bits; a time before 1970 is 1970. */
function field(value: number): number {
  return Math.min(Math.max(value, 0), 0xffff_ffff);
}

interface HeaderFacts {
  readonly inode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly mtimeSeconds: number;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** Magic, thirteen numbers of eight hexadecimal digits, the name and its NUL, padded to four bytes. */
function header(path: string, facts: HeaderFacts): Uint8Array {
  const name = Buffer.from(`${path}\0`);
  const device = [0, 0];
  const check = 0;
  const numbers = [
    facts.inode,
    facts.mode,
    facts.uid,
    facts.gid,
    facts.links,
    facts.mtimeSeconds,
    facts.sizeBytes,
    ...device,
    facts.deviceMajor,
    facts.deviceMinor,
    name.length,
    check,
  ];
  const fields = numbers.map((value) => value.toString(16).toUpperCase().padStart(8, '0'));
  const head = Buffer.concat([Buffer.from(`070701${fields.join('')}`), name]);
  return Buffer.concat([head, new Uint8Array(padding(head.length))]);
}

function padding(sizeBytes: number): number {
  return (4 - (sizeBytes % 4)) % 4;
}

async function* exactly(
  path: string,
  content: AsyncIterable<Uint8Array> | Uint8Array,
  sizeBytes: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    size += chunk.length;
    if (size > sizeBytes) break;
    if (chunk.length > 0) yield chunk;
  }
  if (size !== sizeBytes)
    throw new KilnError(
      'CPIO_CONTENT_LENGTH',
      `content of "${shorten(path)}" has other than ${sizeBytes} bytes`,
      { hint: 'the file changed while it was read; try again' },
    );
}

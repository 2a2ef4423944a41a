import { KilnError, shorten } from '@kiln/base';
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

/**
 * The archive of these members, in their order, as a stream. Each path appears once. Hard links have no place in it:
 * `onLeftOut` is told of each. Throws `CPIO_TOO_LARGE` for a file above `cpioFileBytesMax`, and `CPIO_CONTENT_LENGTH` for content
 * that is shorter or longer than its entry says.
 */
export async function* writeCpio(
  members: AsyncIterable<TarMember> | Iterable<TarMember>,
  onLeftOut: (path: string) => void,
): AsyncGenerator<Uint8Array> {
  for await (const { entry, content } of members) {
    if (entry.type === 'hardlink') {
      onLeftOut(entry.path);
      continue;
    }
    const body = entry.type === 'symlink' ? Buffer.from(entry.linkTarget) : content;
    const sizeBytes =
      entry.type === 'symlink' ? Buffer.byteLength(entry.linkTarget) : entry.sizeBytes;
    if (sizeBytes > cpioFileBytesMax)
      throw new KilnError('CPIO_TOO_LARGE', `"${shorten(entry.path)}" has ${sizeBytes} bytes`, {
        hint: 'leave the file out: a cpio archive cannot hold it',
      });
    yield header(entry.path, {
      mode: kinds[entry.type] | (entry.type === 'symlink' ? 0o777 : entry.mode & 0o7777),
      sizeBytes,
      deviceMajor: entry.deviceMajor,
      deviceMinor: entry.deviceMinor,
    });
    yield* exactly(entry.path, body, sizeBytes);
    yield new Uint8Array(padding(sizeBytes));
  }
  yield header('TRAILER!!!', { mode: 0, sizeBytes: 0, deviceMajor: 0, deviceMinor: 0 });
}

interface HeaderFacts {
  readonly mode: number;
  readonly sizeBytes: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** Magic, thirteen numbers of eight hexadecimal digits, the name and its NUL, padded to four bytes. */
function header(path: string, facts: HeaderFacts): Uint8Array {
  const name = Buffer.from(`${path}\0`);
  const inode = 0;
  const owner = [0, 0];
  const links = 0;
  const time = 0;
  const device = [0, 0];
  const check = 0;
  const numbers = [
    inode,
    facts.mode,
    ...owner,
    links,
    time,
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

import { KilnError, concatBytes, shorten } from '@kiln/base';
import type { TarEntry, TarMember } from './entry.ts';
import { blockSizeBytes, paddedSize } from './fields.ts';
import { printHeader } from './header.ts';

export interface WriteTarOptions {
  /** `blocks` (default) ends the archive with two zero blocks; `none` leaves it open, as apk segments need. */
  readonly end?: 'blocks' | 'none';
}

/** The two zero blocks that end an archive. */
export const endOfArchive: Uint8Array = new Uint8Array(2 * blockSizeBytes);

/**
 * Writes an archive in the canonical dialect: the same members give the same bytes, without padding to a record.
 * Content that is shorter or longer than `sizeBytes` throws `TAR_CONTENT_LENGTH`.
 */
export async function* writeTar(
  members: AsyncIterable<TarMember> | Iterable<TarMember>,
  options: WriteTarOptions = {},
): AsyncGenerator<Uint8Array> {
  for await (const { entry, content } of members) {
    yield printHeader(entry);
    if (content instanceof Uint8Array) yield* exactly(entry, [content]);
    else yield* exactly(entry, content);
    const padding = paddedSize(entry.sizeBytes) - entry.sizeBytes;
    if (padding > 0) yield new Uint8Array(padding);
  }
  if (options.end !== 'none') yield endOfArchive;
}

/** A small archive at hand: the same bytes as `writeTar`, with other headers where `header` makes them. */
export function tarBytes<Member extends { readonly entry: TarEntry; readonly content: Uint8Array }>(
  members: Iterable<Member>,
  options: WriteTarOptions = {},
  header: (member: Member) => Uint8Array = ({ entry }) => printHeader(entry),
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const member of members) {
    const { entry, content } = member;
    if (content.length !== entry.sizeBytes) throw wrongContentLength(entry, content.length);
    parts.push(
      header(member),
      content,
      new Uint8Array(paddedSize(content.length) - content.length),
    );
  }
  if (options.end !== 'none') parts.push(endOfArchive);
  return concatBytes(parts);
}

async function* exactly(
  entry: TarEntry,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > entry.sizeBytes) break;
    if (chunk.length > 0) yield chunk;
  }
  if (size !== entry.sizeBytes) throw wrongContentLength(entry, size);
}

/** `TAR_CONTENT_LENGTH`: a content is not as long as its header says. */
export function wrongContentLength(entry: TarEntry, size: number): KilnError {
  const message = `content of "${shorten(entry.path)}" has ${size} bytes or more, its header says ${entry.sizeBytes}`;
  return new KilnError('TAR_CONTENT_LENGTH', message, {
    hint: 'the file changed while it was read; try again',
  });
}

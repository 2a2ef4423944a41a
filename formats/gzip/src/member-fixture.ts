import { segmentLevel } from './pieces.ts';
import { deflateSegment, segmentedMember } from './segment.ts';

/** A member of separable segments of these contents, for tests. */
export async function memberOf(contents: readonly Uint8Array[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const segments = contents.map((content) => deflateSegment(content, { level: segmentLevel }));
  for await (const chunk of segmentedMember(await Promise.all(segments), { separable: true }))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

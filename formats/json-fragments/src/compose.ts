import type { Fragment } from './fragment.ts';

const bracket = 0x5b;

/**
 * The bytes of a document in order: before each list a piece of the head that ends within it, after its `[` or after an
 * element; then what each fragment has for it; at the end the last piece. So there is one piece more than a fragment has parts.
 * The parts are not copied.
 */
export function composeLists(
  pieces: readonly Uint8Array[],
  fragments: readonly Fragment[],
): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let list = 0; list < pieces.length; list++) {
    const piece = pieces[list] as Uint8Array;
    chunks.push(piece);
    if (list === pieces.length - 1) break;
    let isEmpty = piece[piece.length - 1] === bracket;
    for (const fragment of fragments) {
      const part = fragment[list];
      if (part === undefined || part.length === 0) continue;
      chunks.push(isEmpty ? part.subarray(1) : part);
      isEmpty = false;
    }
  }
  return chunks;
}

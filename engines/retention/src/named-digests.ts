/** Runs of hexadecimal digits that may be a SHA-256 or a SHA-512, and no part of a longer one. */
const runs = /(?<![0-9a-f])(?:[0-9a-f]{128}|[0-9a-f]{64})(?![0-9a-f])/g;

/** What a text names: the hexadecimal digits of everything that could be a SHA-256 (64) or a SHA-512 (128). */
export function namedDigests(text: string): readonly string[] {
  return text.match(runs) ?? [];
}

/**
 * An SPDX identifier from parts: joined with `-`, where `:` (and, in package documents, `/`) become `-` and every other character
 * outside `[a-zA-Z0-9.-]` becomes `C` and its decimal code point; in other documents each byte of it does.
 */
export function spdxId(parts: readonly string[], slash: 'dash' | 'code' = 'dash'): string {
  const text = parts.join('-').replaceAll(':', '-');
  const mangled = slash === 'dash' ? text.replaceAll('/', '-') : text;
  const code = (c: string): string =>
    slash === 'dash'
      ? `C${c.codePointAt(0)}`
      : [...new TextEncoder().encode(c)].map((byte) => `C${byte}`).join('');
  return `SPDXRef-${mangled.replace(/[^a-zA-Z0-9.-]/gu, code)}`;
}

/** FNV-1a with 128 bits over the UTF-8 bytes, hexadecimal (draft-eastlake-fnv). */
export function fnv1a128(text: string): string {
  const mask = (1n << 128n) - 1n;
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x1000000000000000000013bn) & mask;
  }
  return hash.toString(16).padStart(32, '0');
}

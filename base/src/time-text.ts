/** RFC 3339 in UTC without a fraction. `seconds` since 1970; a fraction of them is cut off. */
export function rfc3339(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}

const unitNs: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
/** What Go can count. */
const nanosecondsMax = 2 ** 63;

/**
 * Milliseconds of a duration in Go's notation, such as `90s` or `1h30m`; undefined for anything else, a bare number
 * (other than `0`) included. Parts of nanoseconds are cut off, as there.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^([-+]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text);
  if (match === null) return undefined;
  let total = 0;
  for (const [, amount, unit] of (match[2] ?? '').matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    const [whole = '', fraction = ''] = (amount ?? '').split('.');
    const factor = unitNs[unit ?? ''] ?? 0;
    total +=
      Number(whole) * factor + Math.trunc((Number(fraction) * factor) / 10 ** fraction.length);
  }
  if (total >= nanosecondsMax) return undefined;
  return (match[1] === '-' ? -total : total) / 1e6;
}

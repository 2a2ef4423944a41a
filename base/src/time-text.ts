/** RFC 3339 (a year beyond 9999 has its digits and no sign, as Go writes it) without a fraction, which is cut off: `seconds` since 1970, in UTC or so many minutes from it. */
export function rfc3339(seconds: number, offsetMinutes = 0): string {
  const local = new Date((Math.floor(seconds) + offsetMinutes * 60) * 1000)
    .toISOString()
    .replace(/^\+0*/, '');
  if (offsetMinutes === 0) return local.replace('.000Z', 'Z');
  const [hours, minutes] = [Math.trunc(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
  const offset = [hours, minutes].map((part) => String(part).padStart(2, '0')).join(':');
  return local.replace('.000Z', `${offsetMinutes < 0 ? '-' : '+'}${offset}`);
}

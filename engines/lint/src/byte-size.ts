const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/**
 * A size for people, in powers of 1000: below ten of a unit with one decimal, else without, from one decimal a half to the even
 * number: `9 B`, `2.0 kB`, `70 kB` for 70,480, `15 MB`.
 */
export function byteSize(bytes: number): string {
  if (bytes < 10) return `${bytes} B`;
  const power = Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1000)));
  const value = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : roundEven(value)} ${units[power]}`;
}

function roundEven(value: number): number {
  const whole = Math.floor(value);
  if (value - whole !== 0.5) return Math.round(value);
  return whole % 2 === 0 ? whole : whole + 1;
}

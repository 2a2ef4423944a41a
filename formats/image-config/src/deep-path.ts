const pathBytesMax = 4095;
/** Far more than any image has; what is made at a path takes time for each name of it, and of each of those above it. */
const namesMax = 255;

/** Whether a path, also one that a link leads to, is longer than Linux takes. */
export function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > pathBytesMax;
}

/** Whether a path is longer than Linux takes, or leads through more folders than a configuration may make. */
export function isTooDeep(path: string): boolean {
  return isTooLong(path) || path.split('/').length > namesMax;
}

export const deepPathHint: string = `a path has at most ${pathBytesMax} bytes and ${namesMax} names`;

const pathBytesMax = 4095;
/** Far more than any image has; what is made at a path takes time for each name of it, and of each of those above it. */
const namesMax = 255;

/** Whether a path is longer than Linux takes, or leads through more folders than a configuration may make. */
export function isTooDeep(path: string): boolean {
  return Buffer.byteLength(path) > pathBytesMax || path.split('/').length > namesMax;
}

export const deepPathHint: string = `a path has at most ${pathBytesMax} bytes and ${namesMax} names`;

export type { XzLimits } from './limits.ts';
export { defaultXzLimits } from './limits.ts';
export { isXz, unxz } from './stream.ts';

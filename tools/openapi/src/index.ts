export type { Generated } from './generate.ts';
export { generate } from './generate.ts';

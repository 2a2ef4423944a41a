export type { CpioRules } from './write.ts';
export { cpioFileBytesMax, writeCpio } from './write.ts';

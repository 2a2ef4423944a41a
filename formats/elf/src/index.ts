export type { DynamicFacts } from './dynamic.ts';
export type { ElfFile } from './elf.ts';
export { readElf } from './elf.ts';
export type { HardeningCheckName, HardeningFinding, HardeningVerdict } from './hardening.ts';
export { inspectHardening } from './hardening.ts';
export type { ElfHeader, ElfType, HeaderTable, Segment } from './header.ts';
export type { ByteSource, ElfLimits } from './source.ts';
export { byteSource, defaultElfLimits } from './source.ts';
export type { SymbolNames } from './symbols.ts';

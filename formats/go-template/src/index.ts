export { executeTemplate } from './execute.ts';
export type { TemplateLimits } from './limits.ts';
export { defaultTemplateLimits } from './limits.ts';
export type { ParseTemplateOptions } from './parse.ts';
export { parseTemplate } from './parse.ts';
export type { Template } from './syntax.ts';
export type {
  GoFloat,
  GoMap,
  GoNamedInteger,
  GoPointer,
  GoSlice,
  GoStruct,
  GoValue,
} from './value.ts';
export { goFloat, goMap, goNamedInteger, goPointer, goSlice, goStruct } from './value.ts';

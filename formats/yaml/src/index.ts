export type { DecodedYaml, DecodeYamlOptions, YamlPath } from './decode.ts';
export { decodeYaml, decodeYamlDocument, decodeYamlNode, plainValue } from './decode.ts';
export { parseDuration } from './duration.ts';
export type { TextEdit } from './edit.ts';
export { applyEdits, replaceScalar } from './edit.ts';
export type { YamlLimits } from './limits.ts';
export { defaultYamlLimits } from './limits.ts';
export { compareNatural } from './natural.ts';
export { nearestWord } from './nearest.ts';
export type {
  ScalarSource,
  YamlMapping,
  YamlMember,
  YamlNode,
  YamlScalar,
  YamlSequence,
} from './node.ts';
export { elements, isNull, member } from './node.ts';
export type { ParseYamlOptions } from './parse.ts';
export { parseYaml } from './parse.ts';
export type { PrintYamlOptions } from './print.ts';
export { printYaml } from './print.ts';
export { boolean, duration, integer, text } from './shapes.ts';

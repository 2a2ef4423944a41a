import type { YamlScalar } from './node.ts';

/** The boolean a scalar means where a boolean is wanted: YAML 1.2's and YAML 1.1's words, unquoted. */
export function booleanOf(scalar: YamlScalar): boolean | undefined {
  if (!scalar.plain) return undefined;
  if (/^(?:true|True|TRUE|yes|Yes|YES|on|On|ON|y|Y)$/.test(scalar.text)) return true;
  if (/^(?:false|False|FALSE|no|No|NO|off|Off|OFF|n|N)$/.test(scalar.text)) return false;
  return undefined;
}

/**
 * The integer a scalar means where an integer is wanted: decimal, `0x`, `0o`, `0b`, a leading zero for octal, `_`
 * between digits, or a decimal fraction that is whole; unquoted and within 2^53.
 */
export function integerOf(scalar: YamlScalar): number | undefined {
  if (!scalar.plain) return undefined;
  const text = scalar.text.replace(/(?<=[0-9a-fA-F])_(?=[0-9a-fA-F])/g, '');
  const match = /^([-+]?)(?:(0[xob][0-9a-fA-F]+)|0([0-7]+)|(\d+)(?:\.0*)?)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, prefixed, octal, decimal] = match;
  const size =
    prefixed !== undefined
      ? Number(prefixed)
      : octal !== undefined
        ? parseInt(octal, 8)
        : Number(decimal);
  return Number.isSafeInteger(size) ? (sign === '-' ? -size : size) || 0 : undefined;
}

/** The integer that is left of the number a scalar means to yaml.v3, its fraction cut off: `_` stands anywhere behind a first digit or sign. */
export function wholePartOf(scalar: YamlScalar): number | undefined {
  const bare = /^[-+0-9]/.test(scalar.text) ? scalar.text.replaceAll('_', '') : scalar.text;
  const text = bare.replace(/^[-+]?0[XOB]/, (prefix) => prefix.toLowerCase());
  const number = numberOf({ ...scalar, text });
  const whole = number === undefined ? undefined : Math.trunc(number) || 0;
  return Number.isSafeInteger(whole) ? whole : undefined;
}

/** The number a scalar means where any number is wanted; none that is too large for 64 bits of floating point. */
export function numberOf(scalar: YamlScalar): number | undefined {
  const whole = integerOf(scalar);
  if (whole !== undefined) return whole;
  if (!scalar.plain || !/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(scalar.text))
    return undefined;
  const number = Number(scalar.text);
  return Number.isFinite(number) ? number : undefined;
}

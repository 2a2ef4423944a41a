import { shorten, type Position } from '@kiln/base';
import { templateError } from './error.ts';
import type { Format, Formatter } from './format.ts';
import type { Operand } from './value.ts';

/** Widths and precisions above are refused. */
const widthMax = 1000;

/**
 * Go's `Sprintf`: the letters v, s, q, d, t, x, X, c, o, O, b and g, with flags, width and precision.
 * Throws `TEMPLATE_UNSUPPORTED` for other letters, `*` and `[n]`, and `TEMPLATE_FAILED` where arguments are missing, left
 * over or of the wrong kind, of which Go writes a garbled text.
 */
export function sprintf(
  format: string,
  args: readonly Operand[],
  { formatter, position }: { readonly formatter: Formatter; readonly position: Position },
): string {
  let used = 0;
  const text = format.replace(
    /%([-+# 0]*)(\d*)(\.\d*)?(\P{Cs}?)/gsu,
    (all, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (verb === '') throw failed('a "%" without a letter');
      if (!/^[vsqdtxXcoObg]$/.test(verb) || (flags.includes('#') && verb === 'v'))
        throw templateError(
          'TEMPLATE_UNSUPPORTED',
          `printf: "${shorten(all)}" is not supported`,
          position,
        );
      if (used === args.length) throw failed(`no value for "${shorten(all)}"`);
      return formatter.write(args[used++], parseFormat({ flags, width, precision, verb }));
    },
  );
  if (used < args.length) throw failed(`${args.length - used} values are left over`);
  return text;

  function failed(problem: string): Error {
    return templateError('TEMPLATE_FAILED', `printf: ${problem}`, position);
  }

  function parseFormat(written: {
    readonly flags: string;
    readonly width: string;
    readonly precision: string | undefined;
    readonly verb: string;
  }): Format {
    const width = written.width === '' ? undefined : Number(written.width);
    const precision =
      written.precision === undefined ? undefined : Number(written.precision.slice(1));
    if (Math.max(width ?? 0, precision ?? 0) > widthMax)
      throw templateError('TEMPLATE_LIMIT', `printf: wider than ${widthMax}`, position);
    return {
      verb: written.verb,
      minus: written.flags.includes('-'),
      plus: written.flags.includes('+'),
      sharp: written.flags.includes('#'),
      space: written.flags.includes(' '),
      zero: written.flags.includes('0') && !written.flags.includes('-'),
      width,
      precision,
    };
  }
}

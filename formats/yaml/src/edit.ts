import { KilnError, shorten } from '@kiln/base';
import type { YamlScalar } from './node.ts';

/** Other characters in place of some of a text. */
export interface TextEdit {
  /** Offsets in UTF-16 units; the end is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The edit that makes a scalar mean another text and touches nothing beside it: quotes stay the quotes they are, and a plain
 * scalar stays plain where every reader takes the new text for the same string or whole number, and gets double quotes
 * otherwise. Throws `YAML_NOT_EDITABLE` for a scalar that has no characters of its own (an alias, an empty value), for block
 * texts, and for a new text that is empty or has control characters.
 */
export function replaceScalar(scalar: YamlScalar, text: string): TextEdit {
  const { source, position } = scalar;
  const refuse = (problem: string, hint?: string): KilnError =>
    new KilnError('YAML_NOT_EDITABLE', problem, { position, hint });
  // eslint-disable-next-line no-control-regex -- they are what is refused
  if (text === '' || /[\p{Cc}\u2028\u2029]/u.test(text) || !text.isWellFormed())
    throw refuse(`"${shorten(text)}" cannot be written into one line`);
  if (source === undefined) throw refuse('the value is an alias, or there is none', byHand);
  if (source.style === 'block') throw refuse('the value is a block text', byHand);
  const { start, end, style } = source;
  return { start, end, text: written(text, style) };
}

const byHand = 'edit it by hand, or write the value where it is used';

function written(text: string, style: 'plain' | 'single-quoted' | 'double-quoted'): string {
  if (style === 'single-quoted') return `'${text.replaceAll("'", "''")}'`;
  if (style === 'plain' && isPlain(text)) return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** In block and flow context: no indicator in it, and nothing that YAML 1.1 or 1.2 takes for a fraction, a date or a word. */
function isPlain(text: string): boolean {
  if (/^(?:0|[1-9]\d*)$/.test(text)) return true;
  if (!/^[A-Za-z\d][A-Za-z\d._+~^/-]*$/.test(text)) return false;
  if (/^(?:true|false|yes|no|on|off|y|n|null)$/i.test(text)) return false;
  if (/^\d{4}-\d\d?-\d\d?/.test(text)) return false;
  return !/^(?:\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?|0[xob][\da-fA-F_]+)$/.test(text);
}

/**
 * The text with all edits made. Two equal edits of one place are one. Throws `YAML_NOT_EDITABLE` for edits that overlap:
 * they want different things of one place.
 */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let result = '';
  let done = 0;
  let before: TextEdit | undefined;
  for (const edit of ordered) {
    if (before?.start === edit.start && before.end === edit.end && before.text === edit.text)
      continue;
    if (edit.start < done)
      throw new KilnError('YAML_NOT_EDITABLE', 'two edits of one place want different things');
    result += text.slice(done, edit.start) + edit.text;
    done = edit.end;
    before = edit;
  }
  return result + text.slice(done);
}

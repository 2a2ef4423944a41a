import { shorten } from '@kiln/base';
import { infoInvalid } from './errors.ts';

/** One `key = value` of `.PKGINFO`, in file order. `vendored` stands in a comment. */
export type InfoField = readonly [key: string, value: string];

/** Line by line, as apk-tools reads: everything after the first ` = ` belongs to the value. */
export function plainFields(text: string): InfoField[] {
  const fields: InfoField[] = [];
  for (const line of text.split('\n')) {
    const field = splitAt(line, line.indexOf('='));
    if (field === undefined) continue;
    const [key, value] = field;
    if (!key.startsWith('#')) fields.push(field);
    else if (/^# *vendored$/.test(key)) fields.push(['vendored', value]);
  }
  return fields;
}

/**
 * As apko reads: an INI document. `:` separates too, a value ends at the first `#` or `;`, surrounding quotes go, `%(name)s`
 * stands for another key. A trailing backslash joins the next line, and then nothing else goes. Kept since images must come out alike.
 * Throws `APK_INFO_INVALID` for a line that is neither a comment nor has a key, and for a value of several lines in quotes.
 */
export function iniFields(text: string): InfoField[] {
  const fields: InfoField[] = [];
  const lines = text.split('\n').values();
  for (const line of lines) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    const field = splitAt(trimmed, trimmed.search(/[=:]/));
    if (field === undefined) throw infoInvalid(`a line without a key: "${shorten(trimmed)}"`);
    const [key, value] = field;
    const isContinued = value.endsWith('\\') && !/^(?:`|""")/.test(value);
    fields.push([key, isContinued ? continued(value, lines) : iniValue(value)]);
  }
  const first = new Map(fields.toReversed());
  return fields.map(([key, value]) => [key, interpolate(value, first)]);
}

/** Key and value around a separator, without the blanks beside it; undefined where there is none or no key. */
function splitAt(line: string, separator: number): InfoField | undefined {
  if (separator <= 0) return undefined;
  const key = line.slice(0, separator).trim();
  return key === '' ? undefined : [key, line.slice(separator + 1).trim()];
}

/** Up to a line that is blank or has no backslash at its end. Nothing in it is a comment or a quote. */
function continued(first: string, lines: Iterator<string>): string {
  const parts: string[] = [];
  let line = first;
  while (line.endsWith('\\')) {
    parts.push(line.slice(0, -1));
    const next = lines.next();
    line = next.done === true ? '' : next.value.trim();
  }
  return parts.join('') + line;
}

function iniValue(raw: string): string {
  const text = raw.trim();
  const verbatim = /^(`|""")(.*)\1/s.exec(text);
  if (verbatim !== null) return verbatim[2] ?? '';
  if (/^(?:`|""")/.test(text)) throw infoInvalid(`a quote without an end: "${shorten(text)}"`);
  const value = text.replace(/[#;].*$/s, '').trim();
  return /^(?:"[^"]*"|'[^']*')$/.test(value) ? value.slice(1, -1) : value;
}

const interpolationsMax = 99;

function interpolate(value: string, fields: ReadonlyMap<string, string>): string {
  let result = value;
  for (let i = 0; i < interpolationsMax; i++) {
    const match = /%\(([^)]+)\)s/.exec(result);
    if (match === null || result.length > 2 ** 16) break;
    const replacement = fields.get(match[1] ?? '');
    if (replacement === undefined || replacement.includes(match[0])) break;
    result = result.replace(match[0], () => replacement);
  }
  return result;
}

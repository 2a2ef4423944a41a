import { assert } from '@kiln/base';
import { meansSomethingElse } from './plain-meaning.ts';

export interface PrintYamlOptions {
  /** Columns from one level to the next; default 2. */
  readonly indent?: 2 | 4;
  /**
   * How lines that begin with a blank, and line and paragraph separators of Unicode, stand where yaml.v3 writes what is read as
   * something else: a wrong mark, an empty line too few, or blanks behind a separator. Default `right`: so that they are read as they
   * were; `wrong`: as it writes them.
   */
  readonly marks?: 'right' | 'wrong';
}

/**
 * Prints a plain value (strings, finite numbers, booleans, null, lists, objects in the order of their keys,
 * maps in theirs) as Go's
 * yaml.v3 does: sequences indented inside mappings, never folded, several lines as a literal block, quotes only
 * where the plain form would mean something else. Members that are undefined are left out. The same value gives the same
 * text, and reading the text gives the value.
 */
export function printYaml(value: unknown, options: PrintYamlOptions = {}): string {
  const step = options.indent ?? 2;
  const marks = options.marks ?? 'right';
  if (isScalar(value)) return `${printScalar(value, undefined)}\n`;
  const lines = printNode(value, { indent: '', step, marks });
  return `${lines.join('\n')}\n`;
}

/** Where a node begins, and how far apart levels are. */
interface Place {
  readonly indent: string;
  readonly step: number;
  readonly marks: 'right' | 'wrong';
}

/** The next level: the next column that is a multiple of the step, wherever a list left us. */
function below(place: Place): Place {
  const { indent, step } = place;
  const columns = Math.floor((indent.length + step) / step) * step;
  return { ...place, indent: ' '.repeat(columns) };
}

type Scalar = string | number | boolean | null;

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** The lines of a list or object, each with its indentation. */
function printNode(value: unknown, place: Place): string[] {
  const { indent } = place;
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${indent}[]`];
    return value.flatMap((element: unknown) => printElement(element, place));
  }
  assert(typeof value === 'object' && value !== null, `YAML has no form for a ${typeof value}`);
  const members = membersOf(value);
  if (members.length === 0) return [`${indent}{}`];
  return members.flatMap(([name, member]) => printMember(name, member, place));
}

function membersOf(value: object): [string, unknown][] {
  const members: [string, unknown][] =
    value instanceof Map ? [...(value as ReadonlyMap<string, unknown>)] : Object.entries(value);
  return members.filter(([, member]) => member !== undefined);
}

/** What stands in a list begins right behind its dash, however far apart levels are. */
function printElement(element: unknown, place: Place): string[] {
  const { indent } = place;
  if (isScalar(element)) return [`${indent}- ${printScalar(element, place, 2)}`];
  const [first = '', ...rest] = printNode(element, { ...place, indent: `${indent}  ` });
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

function printMember(name: string, member: unknown, place: Place): string[] {
  const { indent, marks } = place;
  if (isScalar(member) && !isSimpleKey(name, marks))
    return [`${indent}? ${printScalar(name, place)}`, `${indent}: ${printScalar(member, place)}`];
  const key = `${indent}${name.includes('\n') ? quoteDouble(name) : printLine(name)}:`;
  if (isScalar(member)) return [`${key} ${printScalar(member, place)}`];
  const lines = printNode(member, below(place));
  const empty = lines.length === 1 && /^ *(?:\[\]|\{\})$/.test(lines[0] ?? '');
  return empty ? [`${key} ${(lines[0] ?? '').trimStart()}`] : [key, ...lines];
}

/** Whether a key stands before its colon on one line. */
function isSimpleKey(name: string, marks: Place['marks']): boolean {
  return Buffer.byteLength(name) <= 128 && !breaks[marks].test(name);
}

/** What ends a line: yaml.v3 writes the separators of Unicode as such ends, which they are no more. */
const breaks = { right: /[\n\r\u0085]/, wrong: /[\n\r\u0085\u2028\u2029]/ };

/**
 * `parent` is where the list or object begins that the value stands in; `columns` is how far from there its lines begin, which is
 * at the next level by default.
 */
function printScalar(value: Scalar, parent: Place | undefined, columns?: number): string {
  if (typeof value !== 'string') {
    assert(typeof value !== 'number' || Number.isFinite(value), 'YAML numbers are finite here');
    return String(value);
  }
  if (value.includes('\n')) return printLines(value, parent, columns);
  return parent?.marks === 'wrong' && /[\u2028\u2029]/.test(value)
    ? printSeparated(value, lineIndent(parent, columns))
    : printLine(value);
}

function lineIndent(parent: Place, columns: number | undefined): string {
  return columns === undefined ? below(parent).indent : parent.indent + ' '.repeat(columns);
}

/** A line with separators in it: single quotes, and the next text where a next line would begin. */
function printSeparated(text: string, indent: string): string {
  const bare = text.replace(/[\u2028\u2029]/g, '');
  if (/ [\u2028\u2029]|[\u2028\u2029] |\t/.test(text) || hasSpecial(bare)) return quoteDouble(text);
  return `'${indentBehindBreaks(text.replaceAll("'", "''"), indent)}'`;
}

function indentBehindBreaks(text: string, indent: string): string {
  return text.replace(/[\n\u2028\u2029](?=[^\n\u2028\u2029])/g, `$&${indent}`);
}

/** A literal block, or double quotes where a block would lose something. */
function printLines(text: string, parent: Place | undefined, columns?: number): string {
  if (parent === undefined) return quoteDouble(text);
  const { step, marks } = parent;
  const bare = marks === 'wrong' ? text.replace(/[\u2028\u2029](?!$)/g, '') : text;
  if (/ (?:[\n\u2028\u2029]|$)/.test(text) || hasSpecial(bare)) return quoteDouble(text);
  const indent = lineIndent(parent, columns);
  const isMarked = text.startsWith(' ') || text.search(breaks[marks]) === 0;
  // The mark is always the step, which is not how far the text is from its parent where that began behind a dash.
  if (isMarked && marks === 'right' && indent.length - parent.indent.length !== step)
    return quoteDouble(text);
  const chomping = !text.endsWith('\n')
    ? '-'
    : text === '\n' || breaks[marks].test(text.at(-2) ?? '')
      ? '+'
      : '';
  const header = `|${isMarked ? String(step) : ''}${chomping}`;
  // The break behind the mark is the text's own to yaml.v3 where the text begins with one.
  const shown = marks === 'wrong' && breaks.wrong.test(text.charAt(0)) ? text : `\n${text}`;
  return header + indentBehindBreaks(shown, indent).replace(/\n$/, '');
}

/** Text without a line break: plain, in single quotes, or in double quotes. */
function printLine(text: string): string {
  if (meansSomethingElse(text)) return quoteDouble(text);
  if (hasSpecial(text) || text.includes('\t')) return quoteDouble(text);
  return plainAllowed(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

function plainAllowed(text: string): boolean {
  if (/^[ ]|[ ]$/.test(text)) return false;
  if (/^(?:---|\.\.\.)/.test(text)) return false;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text)) return false;
  if (/^[-?:](?: |$)/.test(text)) return false;
  return !/:(?: |$)| #/.test(text);
}

/** Characters that only double quotes can hold; yaml.v3 counts all of four bytes among them. */
function hasSpecial(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  return /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]/.test(
    text,
  );
}

const escapes: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u00a0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

const escaped =
  // oxlint-disable-next-line no-control-regex -- control characters are what this finds
  /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff\u{10000}-\u{10ffff}]/gu;

/** Of a text that begins with a byte order mark yaml.v3 takes every character for one. */
function quoteDouble(text: string): string {
  const body = text.replace(
    text.startsWith('\ufeff') ? /./gsu : escaped,
    (c) => escapes[c] ?? escapeCode(c.codePointAt(0) ?? 0),
  );
  return `"${body}"`;
}

function escapeCode(code: number): string {
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

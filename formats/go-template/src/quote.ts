/** What Go prints as it is: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const printable = /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

const named: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** The text as a literal of Go, in the given quotes. */
export function quote(text: string, mark: '"' | "'"): string {
  let quoted = mark;
  for (const char of text) quoted += char === mark ? `\\${char}` : escaped(char);
  return quoted + mark;
}

function escaped(char: string): string {
  const name = Object.hasOwn(named, char) ? named[char] : undefined;
  if (name !== undefined) return name;
  if (printable.test(char)) return char;
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x20 || point === 0x7f) return `\\x${point.toString(16).padStart(2, '0')}`;
  if (point < 0x10000) return `\\u${point.toString(16).padStart(4, '0')}`;
  return `\\U${point.toString(16).padStart(8, '0')}`;
}

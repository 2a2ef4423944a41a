/**
 * The first record of a CSV text (RFC 4180), as lists on these command lines are read: quotes only around a whole
 * field, `""` within them for a quote, blanks kept, empty lines before it skipped, lines after it ignored. Undefined
 * where there is no record; throws a plain `Error` that says what is wrong.
 */
export function firstCsvRecord(text: string): string[] | undefined {
  const lines = text.replaceAll('\r\n', '\n').replace(/\r$/, '').replace(/^\n+/, '');
  if (lines === '') return undefined;
  const fields: string[] = [];
  for (let at = 0; ;) {
    const field = lines[at] === '"' ? quotedField(lines, at) : plainField(lines, at);
    fields.push(field.value);
    if (lines[field.end] !== ',') return fields;
    at = field.end + 1;
  }
}

interface Field {
  readonly value: string;
  /** Where the comma, the line break or the end is. */
  readonly end: number;
}

function plainField(text: string, start: number): Field {
  const [value = ''] = /^[^,\n]*/.exec(text.slice(start)) ?? [];
  if (value.includes('"')) throw new Error('a quote in a field that does not begin with one');
  return { value, end: start + value.length };
}

function quotedField(text: string, start: number): Field {
  const match = /^"((?:[^"]|"")*)"(?=[,\n]|$)/.exec(text.slice(start));
  if (match === null) throw new Error('a quoted field that is not closed, or goes on behind it');
  return { value: (match[1] ?? '').replaceAll('""', '"'), end: start + match[0].length };
}

/** `docs/errors.md`: an introduction, then per package a heading, perhaps some prose, and a table of codes. */
export interface ErrorsPage {
  readonly introduction: string;
  readonly sections: readonly ErrorsSection[];
}

export interface ErrorsSection {
  /** The package's name without its scope. */
  readonly name: string;
  readonly prose: string;
  readonly rows: readonly ErrorsRow[];
}

export interface ErrorsRow {
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Reads the page; lines of a table that have other than three cells are an error. */
export function parseErrorsPage(text: string): ErrorsPage {
  const [introduction = '', ...parts] = text.split(/^## /m);
  return {
    introduction: introduction.trim(),
    sections: parts.map((part) => {
      const [name = '', ...lines] = part.split('\n');
      const isRow = (line: string): boolean => line.startsWith('|');
      return {
        name: name.trim().replace(/^@kiln\//, ''),
        prose: lines
          .filter((line) => !isRow(line))
          .join('\n')
          .trim(),
        rows: lines
          .filter(isRow)
          .filter((line) => !/^\|[ -]+\|[ -]+\|[ -]+\|$/.test(line) && !/^\| *Code *\|/.test(line))
          .map(parseRow),
      };
    }),
  };
}

function parseRow(line: string): ErrorsRow {
  const cells = line
    .replaceAll('\\|', '\u0000')
    .split('|')
    .map((cell) => cell.trim().replaceAll('\u0000', '\\|'));
  const [before, code = '', meaning = '', remedy = '', after, ...more] = cells;
  if (before !== '' || after !== '' || more.length > 0)
    throw new Error(`docs/errors.md: not a row of three cells: ${line}`);
  return { code: code.replaceAll('`', ''), meaning, remedy };
}

/** The page with sections by name, rows by code, and sections of one name joined. */
export function printErrorsPage(page: ErrorsPage): string {
  const names = [...new Set(page.sections.map((section) => section.name))].sort(compare);
  const sections = names.map((name) => {
    const same = page.sections.filter((section) => section.name === name);
    const rows = same.flatMap((section) => section.rows).sort((a, b) => compare(a.code, b.code));
    return [
      `## ${name}`,
      ...same.flatMap((section) => (section.prose === '' ? [] : [section.prose])),
      [
        '| Code | Meaning | What to do |',
        '|---|---|---|',
        ...rows.map((row) => `| \`${row.code}\` | ${row.meaning} | ${row.remedy} |`),
      ].join('\n'),
    ].join('\n\n');
  });
  return `${[page.introduction, ...sections].join('\n\n')}\n`;
}

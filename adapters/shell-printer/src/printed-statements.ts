/** Double quotes with what is inside; commands and braces within are simple ones, or the expression does not match. */
const inBraces = String.raw`\$\{[^{}'"\\${'`'}]*\}`;
const inParentheses = String.raw`\$\((?!\()(?:[^()'"\\$${'`'}<\n]|\$(?![({'"])|'[^'\n]*'|"[^"\\$${'`'}\n]*")*\)`;
const doubleQuoted = String.raw`"(?:[^"\\$${'`'}]|\\[^]|\$(?![({])|${inBraces}|${inParentheses})*"`;

/** One piece of a printed text; a backquote, which is never printed outside quotes, or what else could open something is none. */
const piece = new RegExp(
  [
    String.raw`(?<lines>\n+)`,
    String.raw`<<(?<tabs>-?)(?<quote>['"]?)(?<end>[A-Za-z0-9_]+)\k<quote>(?![^\s;)|&])`,
    String.raw`[^'"\\$${'`'}<\n]+|\\[^]|'[^']*'|${doubleQuoted}|${inBraces}|\$(?!['"{])|<<<|<(?!<)`,
  ].join('|'),
  'y',
);
/** Lines that go on with what was begun above them, at the left margin. */
const goesOn = /(?:fi|done|esac|else|elif|then|do|[})]|;;)/y;

interface HereDocument {
  readonly end: string;
  readonly tabs: boolean;
  /** Nothing in it is replaced. */
  readonly quoted: boolean;
}

/**
 * The statements of a printed text, each with one newline behind it, found without a parser: printed statements begin
 * at the left margin, and all that is inside them, but for quoted text and here-documents, is indented. Undefined where that
 * is not plain to see. Blank lines inside statements stay.
 */
export function printedStatements(printed: string): string | undefined {
  // The patterns of a case stand at the margin.
  if (/(?:^|[\s;&|(])case\s/.test(printed)) return undefined;
  let open: HereDocument[] = [];
  let result = '';
  let at = /^\n*/.exec(printed)?.[0].length ?? 0;
  while (at < printed.length) {
    piece.lastIndex = at;
    const match = piece.exec(printed);
    if (match === null) return undefined;
    const { lines, end, tabs, quote } = match.groups ?? {};
    if (end !== undefined) {
      open.push({ end, tabs: tabs === '-', quoted: quote !== '' });
    }
    let next = at + match[0].length;
    if (lines === undefined) result += match[0];
    else if (open.length > 0) {
      const after = endOfDocuments(printed, at, open);
      if (after === undefined) return undefined;
      result += printed.slice(at, after);
      next = after;
      open = [];
    } else if (lines.length === 1 || printed[next] === '\t') result += lines;
    else {
      goesOn.lastIndex = next;
      if (goesOn.test(printed)) return undefined;
      result += '\n';
    }
    at = next;
  }
  return result;
}

/** What a here-document may hold in which its last line does not count. */
const couldHide = /`|\$\(|\$\{(?![A-Za-z0-9_]*\})|\\\n/;

/** Where the last of these here-documents ends, whose first line follows the newline at `at`. */
function endOfDocuments(
  text: string,
  at: number,
  documents: readonly HereDocument[],
): number | undefined {
  let offset = at;
  for (const { end, tabs, quoted } of documents) {
    const line = new RegExp(`\n${tabs ? '\t*' : ''}${end}(?=\n|$)`, 'g');
    line.lastIndex = offset;
    if (!line.test(text)) return undefined;
    if (!quoted && couldHide.test(text.slice(offset, line.lastIndex))) return undefined;
    offset = line.lastIndex;
  }
  return offset;
}

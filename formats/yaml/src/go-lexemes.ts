import { CST, Lexer } from 'yaml';

/**
 * The lexemes of a text, for the library's parser, as Go's yaml.v3 reads it: within brackets, braces and quotes it makes no
 * difference how far a line is indented, and no tab stands where a key could begin or a plain text could end. `refuseTab` throws.
 */
export function* goLexemes(text: string, refuseTab: (offset: number) => never): Generator<string> {
  const lexer = new Lexer();
  // What the lexer keeps to itself: how far lines are indented that belong to what it reads.
  let indentNext = 0;
  let isFree = false;
  Object.defineProperty(lexer, 'indentNext', {
    get: () => (isFree ? 0 : indentNext),
    set: (value: number) => {
      indentNext = value;
    },
  });
  let offset = 0;
  let depth = 0;
  let mayBeKey = true;
  let isBehindPlain = false;
  let isContent = false;
  let isBegun = false;
  /** Whether the first document is at its end: what follows is not read. */
  let isOver = false;
  for (const lexeme of lexer.lex(text)) {
    const type: CST.TokenType | 'content' | null = isContent ? 'content' : CST.tokenType(lexeme);
    isContent = type === 'scalar';
    if (type === 'scalar' || type === 'doc-mode' || type === 'flow-error-end') {
      yield lexeme;
      continue;
    }
    isOver ||= type === 'doc-end' || (type === 'doc-start' && isBegun);
    isBegun ||= type !== 'space' && type !== 'newline' && type !== 'comment' && lexeme[0] !== '%';
    const tab = type === 'space' && mayBeKey && !isOver ? lexeme.indexOf('\t') : -1;
    if (tab !== -1) {
      // A plain text goes on over lines that are indented with blanks, in brackets too.
      const isWithin = isBehindPlain ? columnOf(text, offset + tab) >= indentNext : depth > 0;
      if (!isWithin) refuseTab(offset + tab);
    }
    if (type === 'flow-map-start' || type === 'flow-seq-start') depth += 1;
    if (type === 'flow-map-end' || type === 'flow-seq-end') depth = Math.max(0, depth - 1);
    if (type === 'content') isBehindPlain = lexeme !== '' && !lexeme.endsWith('\n');
    else if (type !== 'space' && type !== 'newline') isBehindPlain = false;
    if (type !== 'space')
      mayBeKey =
        type === 'newline' ||
        type === 'seq-item-ind' ||
        type === 'explicit-key-ind' ||
        (type === 'content' && !isBehindPlain);
    offset += lexeme.length;
    isFree = depth > 0 || text[offset] === '"' || text[offset] === "'";
    yield lexeme;
  }
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

import { KilnError, shorten } from '@kiln/base';

/**
 * Splits a command as google/shlex does: blanks separate, `'…'` is literal, `"…"` knows the backslash, `#` at the start
 * of a word begins a comment. Nothing is expanded. Throws `IMAGE_CONFIG_WORDS` for a quote or an escape that does not end.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let rest = text;
  for (;;) {
    rest = rest.replace(/^(?:[ \t\r\n]+|#[^\n]*)+/, '');
    if (rest === '') return words;
    const { word, length } = readWord(rest, text);
    words.push(word);
    rest = rest.slice(length);
  }
}

function readWord(rest: string, whole: string): { word: string; length: number } {
  const piece = /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^ \t\r\n'"\\]+)/y;
  let word = '';
  let at = 0;
  while (at < rest.length && !/[ \t\r\n]/.test(rest.charAt(at))) {
    piece.lastIndex = at;
    const match = piece.exec(rest);
    if (match === null) throw unterminated(whole);
    const [all, literal, quoted, escaped, plain] = match;
    word += literal ?? quoted?.replace(/\\([^])/g, '$1') ?? escaped ?? plain ?? '';
    at += all.length;
  }
  return { word, length: at };
}

function unterminated(whole: string): KilnError {
  return new KilnError(
    'IMAGE_CONFIG_WORDS',
    `a quote or escape does not end in "${shorten(whole)}"`,
    {
      hint: 'close the quote, or escape it with a backslash',
    },
  );
}

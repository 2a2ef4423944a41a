/** What cannot begin a statement, with comments before it. */
const goesOn = String.raw`(?:#.*\n\s*)*(?:fi|done|esac|else|elif|then|do|in|\{|\(|[)};&|])`;
const between = new RegExp(String.raw`(?<=\n)[ \t]*\n(?=[^\s])(?!${goesOn})`);

/**
 * Pieces of a script, cut at blank lines before a line at the left margin. Where each of them is a script of its own, the
 * script is printed as they are, one after the other: a statement that has ended before a blank line does not go on behind
 * it, and what is printed of a statement does not depend on its neighbours. Scripts of one pipeline differ in few pieces.
 */
export function partsOf(script: string): readonly string[] {
  const parts = script.split(between);
  // Of a part, but not behind other parts, the line that names an interpreter is printed.
  return parts.some((part, index) => index > 0 && part.startsWith('#!')) ? [script] : parts;
}

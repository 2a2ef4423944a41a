/**
 * A text without the user names and passwords of the addresses in it: `https://ada:secret@host/` becomes `https://host/`.
 * Whatever stands between `//` and the last `@` before the path counts, so that a password with an `@` is not cut in two.
 * Takes time in proportion to the text, whatever it is.
 */
export function withoutUserInfo(text: string): string {
  return text.replace(/(?<=[a-z0-9+.-]:\/\/)[^\s/?#]*@/gi, '');
}

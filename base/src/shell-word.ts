/** A text as a shell of POSIX takes it for one word: as it is where nothing in it means anything to a shell, otherwise in quotes. */
export function shellWord(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : quotedShellWord(text);
}

/** The same, in quotes whatever it is. */
export function quotedShellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A text as a shell of POSIX takes it for one word: as it is where nothing in it means anything to a shell, otherwise in quotes. */
export function shellWord(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

import { KilnError, shorten } from '@kiln/base';

/** Reads `--annotations`, `key:value` each. Throws `USAGE`. */
export function annotationsOfFlag(texts: readonly string[]): Readonly<Record<string, string>> {
  const annotations = new Map<string, string>();
  for (const text of texts) {
    const colon = text.indexOf(':');
    if (colon === -1) throw wrong(`unable to parse annotation: ${shorten(text)}`);
    const key = text.slice(0, colon);
    const value = text.slice(colon + 1);
    if (annotations.has(key)) throw wrong(`annotation ${shorten(key)} defined more than once`);
    if (!/^[a-z0-9\-.]+$/.test(key)) throw wrong(`annotation key malformed: ${shorten(key)}`);
    if (value === '') throw wrong(`annotation ${shorten(key)} value is empty`);
    annotations.set(key, value);
  }
  return Object.fromEntries(annotations);
}

function wrong(why: string): KilnError {
  return new KilnError('USAGE', `parsing annotations from command line: ${why}`, {
    hint: 'write key:value; keys are lower-case letters, digits, - and .',
  });
}

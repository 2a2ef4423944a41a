import { digestOf } from './digest.ts';

/** The digest of a text, a line feed, and the text: for files whose damage has to show before anything in them is believed. */
export function sealText(text: string): string {
  return `${digestOf(text)}\n${text}`;
}

/** The text that was sealed; undefined where it is not what it was. */
export function unsealText(sealed: string): string | undefined {
  const newline = sealed.indexOf('\n');
  const text = sealed.slice(newline + 1);
  return newline !== -1 && digestOf(text) === sealed.slice(0, newline) ? text : undefined;
}

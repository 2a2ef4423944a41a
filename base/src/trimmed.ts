const blank = /(?!\ufeff)[\s\u0085]/;

/** A text without the white space around it as Unicode and Go have it: U+0085 is some, and a byte order mark is none. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && blank.test(text.charAt(start))) start += 1;
  while (end > start && blank.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

import parse from 'spdx-expression-parse';

const textCharactersMax = 4096;

/** Whether a text is a licence expression of SPDX 2.3 (annex D) over its list of licences and exceptions. */
export function isLicenseExpression(text: string): boolean {
  if (text === '' || text.length > textCharactersMax) return false;
  try {
    parse(text);
    return true;
  } catch {
    // The parser says where; whether is all that is asked.
    return false;
  }
}

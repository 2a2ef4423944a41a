import { wordsOf } from './licence-share.ts';
import { licenceSigns } from './licence-texts.ts';

/** What a text is. Several licences may stand in one. */
export type LicenceClass =
  | { readonly kind: 'known'; readonly ids: readonly string[] }
  /** Some of what tells a licence is there, but not all: perhaps a changed copy of it. */
  | { readonly kind: 'unsure'; readonly nearest: string | undefined };

/**
 * Recognises whole texts of the commonest licences by phrases that each copy of them has, whatever its line breaks, case and
 * punctuation. It compares no further: a text with a sentence added is taken for what it was made of. A mere mention of a licence is
 * not one.
 */
export function classifyLicence(text: string): LicenceClass {
  const words = wordsOf(text);
  const holds = (phrase: string): boolean => words.includes(` ${phrase} `);
  const found = licenceSigns.map(({ id, phrases, unless = [] }) => ({
    id,
    share: unless.some(holds) ? 0 : phrases.filter(holds).length / phrases.length,
  }));
  const ids = found.filter(({ share }) => share === 1).map(({ id }) => id);
  if (ids.length > 0) return { kind: 'known', ids };
  const nearest = found.reduce((best, one) => (one.share > best.share ? one : best));
  return { kind: 'unsure', nearest: nearest.share >= 0.5 ? nearest.id : undefined };
}

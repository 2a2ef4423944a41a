import { digestOf, hexOf } from '@kiln/base';
import { isLicenseExpression } from './license-expression.ts';
import type { ExtractedLicense } from './types.ts';

const noText = 'The package names this licence and does not bring its text.';

/** The licences of one package's elements, with names that no other package has. */
export class LicenceNames {
  readonly #suffix: string;
  readonly #texts: ReadonlyMap<string, string>;
  readonly #used = new Map<string, string>();

  /** `texts` are the package's own; `suffix` is put behind each name of a licence that is not on SPDX's list. */
  constructor(texts: readonly ExtractedLicense[], suffix: string) {
    this.#suffix = suffix;
    this.#texts = new Map(texts.map(({ id, text }) => [id, text]));
  }

  /**
   * An expression that SPDX allows. Words that are no expression become a licence of their own, of which they are the text.
   */
  expression(text: string): string {
    if (text === '' || text === 'NOASSERTION' || text === 'NONE') return text;
    if (!isLicenseExpression(text) || text.includes('DocumentRef-')) {
      const known = text.toWellFormed();
      return this.#use(`LicenseRef-text-${hexOf(digestOf(known)).slice(0, 16)}`, known);
    }
    return text.replaceAll(/LicenseRef-[A-Za-z0-9.-]+/g, (id) =>
      this.#use(id, this.#texts.get(id)?.toWellFormed() || noText),
    );
  }

  /** The licences that expressions refer to, each once, in the order of their first use. */
  get extracted(): readonly ExtractedLicense[] {
    return [...this.#used].map(([id, text]) => ({ id, text }));
  }

  #use(id: string, text: string): string {
    const name = `${id}${this.#suffix}`;
    if (!this.#used.has(name)) this.#used.set(name, text);
    return name;
  }
}

import { digestOf, hexOf } from '@kiln/base';
import { isLicenseExpression, withListedNames } from './license-expression.ts';
import type { ExtractedLicense } from './types.ts';

const noText = 'The package names this licence and does not bring its text.';

/** The licences of one package's elements, in expressions that SPDX allows. */
export class LicenceNames {
  readonly #suffix: string;
  readonly #texts: ReadonlyMap<string, string>;
  readonly #used = new Map<string, string>();

  /**
   * `texts` are the package's own; `suffix` is put behind each name of a licence that is not on SPDX's list, so that no other
   * package of a document has it.
   */
  constructor(texts: readonly ExtractedLicense[], suffix: string) {
    this.#suffix = suffix;
    this.#texts = new Map(texts.map(({ id, text }) => [id, text]));
  }

  /**
   * An expression that SPDX allows, of names that strict readers know. Words that are no expression become a licence of their
   * own, of which they are the text; so does a part that names nothing on SPDX's list: `MIT+` is `LicenseRef-MIT-or-later`.
   */
  expression(text: string): string {
    if (text === '' || text === 'NOASSERTION' || text === 'NONE') return text;
    if (!isLicenseExpression(text) || text.includes('DocumentRef-')) return this.#ofText(text);
    return withListedNames(
      text.replaceAll(/LicenseRef-[A-Za-z0-9.-]+/g, (id) =>
        this.#use(id, this.#texts.get(id)?.toWellFormed() || noText),
      ),
      (part) =>
        this.#use(`LicenseRef-${part.replace('+', '-or-later').replaceAll(/ +/g, '-')}`, part),
    );
  }

  /** The licences beside SPDX's list that expressions refer to, each once, in the order of their first use. */
  get extracted(): readonly ExtractedLicense[] {
    return [...this.#used].map(([id, text]) => ({ id, text }));
  }

  #ofText(text: string): string {
    const known = text.toWellFormed();
    return this.#use(`LicenseRef-text-${hexOf(digestOf(known)).slice(0, 16)}`, known);
  }

  #use(id: string, text: string): string {
    const name = `${id}${this.#suffix}`;
    if (!this.#used.has(name)) this.#used.set(name, text);
    return name;
  }
}

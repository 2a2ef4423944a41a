import { KilnError, type Position } from '@kiln/base';

/** Characters of one text with its variables replaced. */
export const textCharactersMax: number = 1024 * 1024;
/** Characters of all texts of a recipe with their variables replaced. */
const charactersMax = 64 * 1024 * 1024;
/** What a text and a step or a package count for, beside their characters. */
const textCharacters = 32;
const partCharacters = 1000;
/** Characters of texts times those of the regular expressions that look through them. */
const matchingMax = 100_000_000;

/** Counts what variables, ranges and pipelines make of a recipe: a few lines can let it grow without bounds. */
export class Growth {
  readonly #start: Position;
  #left = charactersMax;
  #matchingLeft = matchingMax;

  constructor(file: string) {
    this.#start = { file, line: 1, column: 1 };
  }

  /** Returns the text. Throws `RECIPE_TOO_LARGE`. */
  text(text: string, position?: Position): string {
    this.#spend(text.length + textCharacters, position);
    return text;
  }

  /** Counts a step or a package. Throws `RECIPE_TOO_LARGE`. */
  part(position?: Position): void {
    this.#spend(partCharacters, position);
  }

  /** Counts a search through a text. Throws `RECIPE_TOO_LARGE`. */
  matching(characters: number, patternCharacters: number, position: Position): void {
    this.#matchingLeft -= characters * patternCharacters;
    if (this.#matchingLeft < 0)
      throw new KilnError('RECIPE_TOO_LARGE', 'var-transforms have too much to look through', {
        position,
        hint: 'let them start from shorter texts, and match more of them at once',
      });
  }

  #spend(characters: number, position: Position = this.#start): void {
    this.#left -= characters;
    if (this.#left < 0) throw tooLarge('the recipe', position);
  }
}

/** Refuses a text that became too long. Throws `RECIPE_TOO_LARGE`. */
export function requireLength(characters: number, what: string, position?: Position): void {
  if (characters > textCharactersMax) throw tooLarge(what, position);
}

function tooLarge(what: string, position: Position | undefined): KilnError {
  return new KilnError(
    'RECIPE_TOO_LARGE',
    `${what} grows too large when its variables, ranges and pipelines are put in`,
    { position, hint: 'see which of them name each other, and how often' },
  );
}

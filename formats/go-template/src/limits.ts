import type { Position } from '@kiln/base';
import { templateError } from './error.ts';

/** Bounds on one template and on what it makes; everything above is refused with `TEMPLATE_LIMIT`. */
export interface TemplateLimits {
  /** Characters of the template. */
  readonly sizeMax: number;
  /** Nesting of actions and parentheses. */
  readonly depthMax: number;
  /** Nodes that are walked, functions that are called; 64 characters of a text that is made count as one more. */
  readonly stepsMax: number;
  /** Characters of the output, and of any text on the way. */
  readonly outputMax: number;
}

export const defaultTemplateLimits: TemplateLimits = {
  sizeMax: 1024 * 1024,
  depthMax: 100,
  stepsMax: 1_000_000,
  outputMax: 16 * 1024 * 1024,
};

/** Counts what one execution uses up. */
export class Budget {
  readonly #limits: TemplateLimits;
  #steps = 0;

  constructor(limits: TemplateLimits) {
    this.#limits = limits;
  }

  step(position: Position, count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#limits.stepsMax)
      throw templateError('TEMPLATE_LIMIT', `more than ${this.#limits.stepsMax} steps`, position);
  }

  /** A text of this length was made. */
  text(length: number, position: Position): void {
    if (length > this.#limits.outputMax) {
      const message = `a text of more than ${this.#limits.outputMax} characters`;
      throw templateError('TEMPLATE_LIMIT', message, position);
    }
    this.step(position, 1 + Math.floor(length / 64));
  }
}

import type { Candidate } from './prepared.ts';

/** What was chosen so far. A walk adds to a layer of its own above it, which is forgotten afterwards. */
export class Chosen {
  readonly #below: Chosen | undefined;
  readonly #byName = new Map<string, Candidate>();
  readonly #origins = new Set<string>();

  constructor(below?: Chosen) {
    this.#below = below;
  }

  /** Takes the place of one of the same name. */
  add(candidate: Candidate): void {
    this.#byName.set(candidate.name, candidate);
    this.#origins.add(candidate.originKey);
  }

  get(name: string): Candidate | undefined {
    return this.#byName.get(name) ?? this.#below?.get(name);
  }

  /** Whether something of an origin at a version was added: see `Candidate.originKey`. */
  hasOrigin(originKey: string): boolean {
    return this.#origins.has(originKey) || this.#below?.hasOrigin(originKey) === true;
  }
}

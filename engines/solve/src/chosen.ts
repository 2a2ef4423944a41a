import type { Candidate } from './prepared.ts';

/** What was chosen so far. A walk adds to a layer of its own above it, which is forgotten afterwards. */
export class Chosen {
  readonly #below: Chosen | undefined;
  readonly #byName = new Map<string, Candidate>();
  readonly #versionByOrigin = new Map<string, string>();

  constructor(below?: Chosen) {
    this.#below = below;
  }

  /** Takes the place of one of the same name. */
  add(candidate: Candidate): void {
    this.#byName.set(candidate.name, candidate);
    this.#versionByOrigin.set(candidate.record.origin, candidate.version);
  }

  get(name: string): Candidate | undefined {
    return this.#byName.get(name) ?? this.#below?.get(name);
  }

  /** The version of what was last added of an origin. */
  versionOf(origin: string): string | undefined {
    return this.#versionByOrigin.get(origin) ?? this.#below?.versionOf(origin);
  }
}

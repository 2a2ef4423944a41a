import type { Digest } from '@kiln/base';

/** Work about packages, done once at a time for each, however many ask. */
export class SharedWork<T> {
  readonly #underway = new Map<Digest, Promise<T>>();

  /** What `work` gives, or what it will give that was begun for the same package and is not over. */
  of(apk: Digest, work: () => Promise<T>): Promise<T> {
    const underway = this.#underway.get(apk);
    if (underway !== undefined) return underway;
    const begun = work().finally(() => this.#underway.delete(apk));
    this.#underway.set(apk, begun);
    return begun;
  }
}

import type { Clock, Digest } from '@kiln/base';
import { compareBytes, systemClock } from '@kiln/base';
import { planPublications } from './publication-plan.ts';
import { contentUnknown } from './registry-errors.ts';
import type { PlannedMove } from './publication-plan.ts';
import type {
  PageRequest,
  Publication,
  RegistryManifest,
  RegistryState,
  RegistryTag,
  RepositorySummary,
  SummariesRequest,
  TagEvent,
  TagHistoryRequest,
  TagMove,
} from './registry-state.ts';

interface Repository {
  readonly blobs: Map<Digest, number>;
  readonly manifests: Map<Digest, RegistryManifest>;
  readonly tags: Map<string, RegistryTag>;
  readonly history: TagEvent[];
}

/** Registry state in memory, for tests and for a registry that may forget. */
export class MemoryRegistryState implements RegistryState {
  readonly #repositories = new Map<string, Repository>();
  readonly #clock: Clock;
  #sequence = 0;

  constructor(options: { readonly clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock;
  }

  async repositories(page: PageRequest): Promise<readonly string[]> {
    return pageOf([...this.#repositories.keys()], (name) => name, page);
  }

  async hasRepository(repository: string): Promise<boolean> {
    return this.#repositories.has(repository);
  }

  async summaries(request: SummariesRequest): Promise<readonly RepositorySummary[]> {
    const all = [...this.#repositories].filter(([name]) => !request.except.includes(name));
    return pageOf(all, ([name]) => name, request).map(([repository, { tags, history }]) => ({
      repository,
      tags: tags.size,
      newest: history.at(-1),
    }));
  }

  async publish(publication: Publication): Promise<boolean> {
    const [published] = await this.publishMany([publication]);
    return published === true;
  }

  async publishMany(publications: readonly Publication[]): Promise<readonly boolean[]> {
    const { published, moves } = planPublications(publications, {
      hasManifest: (repository, digest) =>
        this.#repositories.get(repository)?.manifests.has(digest) === true,
      tag: (repository, tag) => this.#repositories.get(repository)?.tags.get(tag)?.digest,
    });
    const accepted = publications.filter((_, at) => published[at]);
    this.#requireContent(accepted);
    for (const { repository, blobs, manifests } of accepted) {
      const target = this.#repositories.get(repository) ?? emptyRepository();
      this.#repositories.set(repository, target);
      for (const { digest, sizeBytes } of blobs) target.blobs.set(digest, sizeBytes);
      for (const manifest of manifests)
        target.manifests.set(manifest.digest, { ...manifest, repository });
    }
    for (const move of moves) this.#move(move);
    return published;
  }

  /** Nothing is ever collected here. */
  async renew(): Promise<void> {}

  async blobs(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>> {
    return pick(this.#repositories.get(repository)?.blobs, digests);
  }

  async unlinkBlob(repository: string, digest: Digest): Promise<boolean> {
    return this.#repositories.get(repository)?.blobs.delete(digest) ?? false;
  }

  async manifests(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, RegistryManifest>> {
    return pick(this.#repositories.get(repository)?.manifests, digests);
  }

  async deleteManifest(repository: string, digest: Digest): Promise<boolean> {
    const found = this.#repositories.get(repository);
    if (found === undefined || !found.manifests.delete(digest)) return false;
    for (const tag of found.tags.values()) if (tag.digest === digest) this.#dropTag(found, tag.tag);
    return true;
  }

  async referrers(
    repository: string,
    subject: Digest,
    filter: PageRequest & { readonly artifactType: string | undefined },
  ): Promise<readonly RegistryManifest[]> {
    const { artifactType } = filter;
    const all = [...(this.#repositories.get(repository)?.manifests.values() ?? [])].filter(
      (one) =>
        one.subject === subject &&
        (artifactType === undefined || one.artifactType === artifactType),
    );
    return pageOf(all, (one) => one.digest, filter);
  }

  async tag(repository: string, tag: string): Promise<RegistryTag | undefined> {
    return this.#repositories.get(repository)?.tags.get(tag);
  }

  async tags(repository: string, page: PageRequest): Promise<readonly RegistryTag[]> {
    const tags = this.#repositories.get(repository)?.tags.values() ?? [];
    return pageOf([...tags], (one) => one.tag, page);
  }

  async tagsOf(repository: string, digest: Digest): Promise<readonly string[]> {
    const tags = [...(this.#repositories.get(repository)?.tags.values() ?? [])];
    return tags
      .filter((one) => one.digest === digest)
      .map((one) => one.tag)
      .sort(compareBytes);
  }

  moveTag(repository: string, move: TagMove): Promise<boolean> {
    return this.publish({ repository, blobs: [], manifests: [], tags: [move] });
  }

  async deleteTag(repository: string, tag: string): Promise<boolean> {
    const found = this.#repositories.get(repository);
    if (found === undefined || !found.tags.has(tag)) return false;
    this.#dropTag(found, tag);
    return true;
  }

  async tagHistory(
    repository: string,
    { tag, before = Number.POSITIVE_INFINITY, limit }: TagHistoryRequest,
  ): Promise<readonly TagEvent[]> {
    return (this.#repositories.get(repository)?.history ?? [])
      .filter((event) => (tag === undefined || event.tag === tag) && event.sequence < before)
      .toReversed()
      .slice(0, limit);
  }

  async newestSequence(): Promise<number> {
    return this.#sequence;
  }

  /** Throws `REGISTRY_CONTENT_UNKNOWN` when something that a manifest holds is shown neither before nor now. */
  #requireContent(publications: readonly Publication[]): void {
    for (const { repository, manifests } of publications) {
      const found = this.#repositories.get(repository);
      const now = publications.filter((one) => one.repository === repository);
      const shown = new Set([
        ...(found?.blobs.keys() ?? []),
        ...(found?.manifests.keys() ?? []),
        ...now.flatMap((one) => [...one.blobs, ...one.manifests]).map((one) => one.digest),
      ]);
      for (const digest of manifests.flatMap((one) => one.holds ?? []))
        if (!shown.has(digest)) throw contentUnknown(repository, digest);
    }
  }

  #move({ repository, tag, digest }: PlannedMove): void {
    const target = this.#repositories.get(repository);
    if (target === undefined) return;
    const movedAt = this.#clock.now();
    target.tags.set(tag, { repository, tag, digest, movedAt });
    this.#record(target, { tag, digest, at: movedAt });
  }

  #dropTag(target: Repository, tag: string): void {
    target.tags.delete(tag);
    this.#record(target, { tag, digest: undefined, at: this.#clock.now() });
  }

  #record({ history }: Repository, event: Omit<TagEvent, 'sequence'>): void {
    this.#sequence += 1;
    history.push({ sequence: this.#sequence, ...event });
  }
}

function emptyRepository(): Repository {
  return { blobs: new Map(), manifests: new Map(), tags: new Map(), history: [] };
}

function pageOf<T>(items: readonly T[], nameOf: (item: T) => string, page: PageRequest): T[] {
  return items
    .filter((item) => compareBytes(nameOf(item), page.last) > 0)
    .sort((a, b) => compareBytes(nameOf(a), nameOf(b)))
    .slice(0, page.limit);
}

function pick<T>(
  from: ReadonlyMap<Digest, T> | undefined,
  digests: readonly Digest[],
): Map<Digest, T> {
  const picked = new Map<Digest, T>();
  for (const digest of digests) {
    const found = from?.get(digest);
    if (found !== undefined) picked.set(digest, found);
  }
  return picked;
}

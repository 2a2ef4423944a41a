import type { Clock, Digest, OciDigest, Sha512Digest } from '@kiln/base';
import { compareBytes, systemClock } from '@kiln/base';
import { planPublications } from './publication-plan.ts';
import { contentUnknown } from './registry-errors.ts';
import type { PlannedMove } from './publication-plan.ts';
import type {
  BlobLink,
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
  readonly blobs: Map<Digest, BlobLink>;
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
      for (const blob of blobs)
        target.blobs.set(blob.digest, withName(blob, target.blobs.get(blob.digest)));
      for (const manifest of manifests) {
        const named = withName(manifest, target.manifests.get(manifest.digest));
        target.manifests.set(manifest.digest, { ...named, repository });
      }
    }
    for (const move of moves) this.#move(move);
    return published;
  }

  async named(
    repository: string,
    names: readonly Sha512Digest[],
  ): Promise<ReadonlyMap<Sha512Digest, Digest>> {
    const { blobs, manifests } = this.#repositories.get(repository) ?? emptyRepository();
    const found = [...blobs.values(), ...manifests.values()].flatMap(({ sha512, digest }) =>
      sha512 !== undefined && names.includes(sha512) ? [[sha512, digest] as const] : [],
    );
    return new Map(found);
  }

  /** Nothing is ever collected here. */
  async renew(): Promise<void> {}

  async blobs(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>> {
    const found = pick(this.#repositories.get(repository)?.blobs, digests);
    return new Map([...found].map(([digest, { sizeBytes }]) => [digest, sizeBytes]));
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

  async manifestSizes(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>> {
    const found = pick(this.#repositories.get(repository)?.manifests, digests);
    return new Map([...found].map(([digest, { sizeBytes }]) => [digest, sizeBytes]));
  }

  async deleteManifest(repository: string, digest: Digest): Promise<boolean> {
    const found = this.#repositories.get(repository);
    if (found === undefined || !found.manifests.delete(digest)) return false;
    for (const tag of found.tags.values()) if (tag.digest === digest) this.#dropTag(found, tag.tag);
    return true;
  }

  async referrers(
    repository: string,
    subject: OciDigest,
    filter: PageRequest & { readonly artifactType: string | undefined },
  ): Promise<readonly RegistryManifest[]> {
    const { artifactType } = filter;
    const manifests = [...(this.#repositories.get(repository)?.manifests.values() ?? [])];
    const names = new Set([
      subject,
      ...manifests
        .filter((one) => one.digest === subject || one.sha512 === subject)
        .flatMap((one) => [one.digest, one.sha512]),
    ]);
    const all = manifests.filter(
      (one) =>
        one.subject !== undefined &&
        names.has(one.subject) &&
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

  async deleteTag(repository: string, tag: string, from?: Digest): Promise<boolean> {
    const found = this.#repositories.get(repository);
    const digest = found?.tags.get(tag)?.digest;
    if (found === undefined || digest === undefined || digest !== (from ?? digest)) return false;
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

  async newestEvents(repositories: readonly string[]): Promise<ReadonlyMap<string, TagEvent>> {
    const newest = new Map<string, TagEvent>();
    for (const repository of repositories) {
      const event = this.#repositories.get(repository)?.history.at(-1);
      if (event !== undefined) newest.set(repository, event);
    }
    return newest;
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

  #move({ repository, tag, digest, sha512 }: PlannedMove): void {
    const target = this.#repositories.get(repository);
    if (target === undefined) return;
    const movedAt = this.#clock.now();
    target.tags.set(tag, { repository, tag, digest, sha512, movedAt });
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

/** A name that something got stays. */
function withName<T extends { readonly sha512?: Sha512Digest | undefined }>(
  given: T,
  before: T | undefined,
): T {
  return { ...given, sha512: given.sha512 ?? before?.sha512 };
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

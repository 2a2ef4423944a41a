import type { Digest, OciDigest, Sha512Digest } from '@kiln/base';

/** What a registry knows of one manifest in one repository; its bytes are the blob of the same digest. */
export interface RegistryManifest {
  readonly repository: string;
  readonly digest: Digest;
  /** Its other name, when it was ever pushed under that. */
  readonly sha512?: Sha512Digest | undefined;
  /** The `Content-Type` that a pull answers with. */
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** The manifest that this one is about, which may be absent, as this one names it; undefined for none. */
  readonly subject: OciDigest | undefined;
  /** As the referrers list shows it: an image manifest without its own has the media type of its config. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * What it lists that has to stay as long as it does: config, layers, members of an index. Absent when nobody looked;
   * its bytes say it.
   */
  readonly holds?: readonly Digest[];
}

/** A blob that may be pulled from a repository. */
export interface BlobLink {
  readonly digest: Digest;
  /** Its other name, when it is pushed or mounted under that. */
  readonly sha512?: Sha512Digest | undefined;
  readonly sizeBytes: number;
}

export interface RegistryTag {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  /** The manifest's other name, when the tag was given that. */
  readonly sha512?: Sha512Digest | undefined;
  /** Milliseconds since 1970: when the tag got this digest. */
  readonly movedAt: number;
}

/** One step in the life of a tag. */
export interface TagEvent {
  /** Later events have greater numbers; there are gaps. */
  readonly sequence: number;
  readonly tag: string;
  /** Undefined when the tag was deleted. */
  readonly digest: Digest | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What lists say of a repository. */
export interface RepositorySummary {
  readonly repository: string;
  /** How many tags it has now. */
  readonly tags: number;
  /** Of any of its tags; undefined when it never had one. */
  readonly newest: TagEvent | undefined;
}

/** Where a tag has to be for a move to happen: anywhere, nowhere, or at a digest. */
export type TagExpectation = 'any' | 'absent' | Digest;

export interface TagMove {
  readonly tag: string;
  readonly digest: Digest;
  /** The manifest's other name, when whoever moves the tag names it by that. */
  readonly sha512?: Sha512Digest | undefined;
  readonly expected: TagExpectation;
}

/** One version of one package. */
export interface Component {
  /** As in package URLs: `apk`. */
  readonly type: string;
  readonly name: string;
  readonly version: string;
}

/** What one manifest of a publication, or of its repository, is made of. */
export interface ImageComponents {
  readonly digest: Digest;
  /** In any order. */
  readonly components: readonly Component[];
}

/** Everything that becomes visible in a repository at once. */
export interface Publication {
  readonly repository: string;
  readonly blobs: readonly BlobLink[];
  readonly manifests: readonly Omit<RegistryManifest, 'repository'>[];
  /** For `ComponentIndex`; a state without one does not keep them. */
  readonly components?: readonly ImageComponents[];
  readonly tags: readonly TagMove[];
}

/** A page of a list in byte order: what comes after `last` ("" for the beginning), at most `limit` items. */
export interface PageRequest {
  readonly last: string;
  readonly limit: number;
}

/** A page of a list of repositories, without some of them. */
export interface SummariesRequest extends PageRequest {
  /** Names to leave out. */
  readonly except: readonly string[];
}

/** Which events of a repository: those of one tag or of all, before an event or to the newest, at most `limit`. */
export interface TagHistoryRequest {
  readonly tag: string | undefined;
  /** The `sequence` of an event that was seen. */
  readonly before: number | undefined;
  readonly limit: number;
}

/**
 * What a registry remembers beside the bytes: which repositories exist, which manifests and blobs each of them shows,
 * and where tags point. Bytes are shared by digest; visibility is per repository. A repository exists from its first
 * publication on. Names, tags and digests are parsed by the caller.
 *
 * Content has one identity, its SHA-256. That a SHA-512 names it too is a fact about what one repository shows, which comes
 * with a push under that name and goes with the blob or manifest.
 */
export interface RegistryState {
  /** Names in byte order. */
  repositories(page: PageRequest): Promise<readonly string[]>;
  hasRepository(repository: string): Promise<boolean>;
  /** By name, in byte order. */
  summaries(request: SummariesRequest): Promise<readonly RepositorySummary[]>;

  /**
   * Shows blobs and manifests and moves tags, all or nothing. Returns false, with nothing changed, when a tag is not
   * where it is expected. Publishing what exists changes nothing; a tag that does not move has no new event.
   * Throws `REGISTRY_TAG_TARGET_UNKNOWN` when a tag's manifest is neither in the repository nor in the publication, and
   * `REGISTRY_CONTENT_UNKNOWN` when something that a manifest holds is not: it may have been collected since the caller
   * looked. Whoever publishes has put or touched the blobs before.
   */
  publish(publication: Publication): Promise<boolean>;
  /**
   * `publish` of each, one after another, at once: nobody sees some of them only, and each is still all or nothing by
   * itself. For each whether it was published. When one throws, none is.
   */
  publishMany(publications: readonly Publication[]): Promise<readonly boolean[]>;
  /** What of the repository was pushed or mounted under these names: its digests. A name goes with what it names. */
  named(
    repository: string,
    names: readonly Sha512Digest[],
  ): Promise<ReadonlyMap<Sha512Digest, Digest>>;
  /** What is shown under this digest is in use: if only its age keeps it from being collected, that counts from now. */
  renew(repository: string, digest: Digest): Promise<void>;

  /** Those of `digests` that the repository shows, with their sizes. */
  blobs(repository: string, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>>;
  /** True when the repository showed the blob. The bytes stay. */
  unlinkBlob(repository: string, digest: Digest): Promise<boolean>;

  /** Those of `digests` that are manifests of the repository. */
  manifests(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, RegistryManifest>>;
  /** As `blobs`, of manifests: without their annotations, which may be megabytes each. */
  manifestSizes(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>>;
  /** Removes the manifest and every tag that points at it; true when there was one. The bytes stay. */
  deleteManifest(repository: string, digest: Digest): Promise<boolean>;
  /**
   * The manifests whose subject this is, under whichever of its names they know it, by digest. `artifactType` undefined
   * means all of them.
   */
  referrers(
    repository: string,
    subject: OciDigest,
    filter: PageRequest & { readonly artifactType: string | undefined },
  ): Promise<readonly RegistryManifest[]>;

  tag(repository: string, tag: string): Promise<RegistryTag | undefined>;
  /** Tags in byte order. */
  tags(repository: string, page: PageRequest): Promise<readonly RegistryTag[]>;
  /** The tags that point at a manifest, in byte order. */
  tagsOf(repository: string, digest: Digest): Promise<readonly string[]>;
  /** `publish` of a single tag. */
  moveTag(repository: string, move: TagMove): Promise<boolean>;
  /** True when there was one; one that is not at `from`, where that is said, stays. */
  deleteTag(repository: string, tag: string, from?: Digest): Promise<boolean>;
  /** Events of tags, newest first; deletions are events too, and deleted tags keep theirs. */
  tagHistory(repository: string, request: TagHistoryRequest): Promise<readonly TagEvent[]>;
  /** The newest event of each of these repositories, of those that have one. */
  newestEvents(repositories: readonly string[]): Promise<ReadonlyMap<string, TagEvent>>;
  /**
   * The `sequence` of the newest event of all repositories, 0 before the first: another one says that tags changed. Of
   * changes at the same moment it may tell only the last.
   */
  newestSequence(): Promise<number>;
}

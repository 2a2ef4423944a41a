import type { ColumnType, Generated } from 'kysely';

/** Rows of migrations 0003, 0008 and 0009. Digests are text; instants are milliseconds since 1970. */
export interface RegistryRepositoryRow {
  readonly name: string;
  readonly created_at: number;
}

export interface RegistryBlobRow {
  readonly repository: string;
  readonly digest: string;
  readonly size_bytes: number;
  readonly linked_at: number;
  readonly sha512: string | null;
}

export interface RegistryManifestRow {
  readonly repository: string;
  readonly digest: string;
  readonly media_type: string;
  readonly size_bytes: number;
  readonly subject: string | null;
  readonly artifact_type: string | null;
  /** JSON goes in as text and comes out parsed. */
  readonly annotations: ColumnType<unknown, string, string>;
  readonly pushed_at: number;
  /** 32 bytes for each digest; null when nobody looked. */
  readonly holds: Buffer | null;
  readonly sha512: ColumnType<string | null, string | null | undefined, string | null>;
  readonly component_set: ColumnType<number | null, number | null | undefined, number | null>;
}

export interface RegistryTagRow {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly moved_at: number;
  readonly sha512: string | null;
}

export interface RegistryTagEventRow {
  readonly id: Generated<number>;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | null;
  readonly at: number;
}

export interface RegistryTables {
  readonly registry_repository: RegistryRepositoryRow;
  readonly registry_blob: RegistryBlobRow;
  readonly registry_manifest: RegistryManifestRow;
  readonly registry_tag: RegistryTagRow;
  readonly registry_tag_event: RegistryTagEventRow;
}

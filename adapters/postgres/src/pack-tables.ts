import type { Generated } from 'kysely';

/** Rows of migration 0007. */
export interface BlobPackRow {
  readonly id: Generated<number>;
  readonly name: string;
  readonly entries: number;
}

export interface BlobPackEntryRow {
  /** The first 48 bits of the blob's SHA-256. */
  readonly digest_start: number;
  readonly pack: number;
  readonly entry: number;
}

export interface PackTables {
  readonly blob_pack: BlobPackRow;
  readonly blob_pack_entry: BlobPackEntryRow;
}

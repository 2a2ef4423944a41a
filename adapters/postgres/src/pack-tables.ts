import type { Generated } from 'kysely';

/** Rows of migrations 0007 and 0008. */
export interface BlobPackRow {
  readonly id: Generated<number>;
  readonly name: string;
  readonly entries: number;
  readonly used_at: number;
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

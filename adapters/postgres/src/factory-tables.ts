import type { ColumnType } from 'kysely';

/** Rows of migrations 0002, 0004 and 0007. Digests are text; instants are milliseconds since 1970. */
export interface DesiredRow {
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  readonly catalog: string;
  readonly bundle: string;
  readonly depends_on: readonly string[];
  readonly may_need: readonly string[];
  readonly comes_first: boolean;
}

export interface CatalogProblemRow {
  readonly catalog: string;
  readonly key: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface KeyStateRow {
  readonly key: string;
  readonly desired: string;
  readonly status: string;
  readonly stage: string;
  readonly waiting_for: readonly string[];
  readonly error_code: string;
  readonly error_message: string;
  readonly error_hint: string;
  readonly action: string | null;
  readonly updated_at: number;
}

/** JSON goes in as text and comes out parsed. */
export type Json = ColumnType<unknown, string, string>;

export interface ActionRow {
  readonly action: string;
  readonly key: string;
  readonly result: Json;
  readonly created_at: number;
  readonly used_at: number;
}

export interface LedgerRow {
  readonly kind: string;
  readonly digest: string;
  readonly key: string;
  readonly created_at: number;
}

export interface AttestationRow {
  readonly subject: string;
  readonly predicate_type: string;
  readonly bundle: string;
  readonly key: string;
  readonly created_at: number;
}

export interface GenerationRow {
  readonly repository: string;
  readonly arch: string;
  readonly number: number;
  readonly index_blob: string;
  readonly unsigned: string;
  readonly packages: Json;
  readonly created_at: number;
}

export interface FactoryTables {
  readonly desired: DesiredRow;
  readonly catalog_problem: CatalogProblemRow;
  readonly key_state: KeyStateRow;
  readonly action: ActionRow;
  readonly ledger: LedgerRow;
  readonly attestation: AttestationRow;
  readonly generation: GenerationRow;
}

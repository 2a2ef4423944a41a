import type { Generated } from 'kysely';
import type { Json } from './factory-tables.ts';

/** A row of migration 0007; instants are milliseconds since 1970. */
export interface RetentionRunRow {
  readonly number: Generated<number>;
  readonly started_at: number;
  readonly finished_at: number;
  readonly dry_run: boolean;
  readonly report: Json;
}

export interface RetentionTables {
  readonly retention_run: RetentionRunRow;
}

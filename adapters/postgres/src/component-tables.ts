import type { ColumnType, Generated } from 'kysely';

/** Rows of migration 0007. Digests are their 32 bytes. */
export interface ComponentRow {
  readonly id: Generated<number>;
  readonly type: string;
  readonly name: string;
  readonly version: string;
}

export interface ComponentSetRow {
  readonly id: Generated<number>;
  readonly digest: Buffer;
  readonly members: ColumnType<readonly number[], number[], never>;
}

export interface ComponentInSetRow {
  readonly component: number;
  readonly component_set: number;
}

export interface ComponentTables {
  readonly component: ComponentRow;
  readonly component_set: ComponentSetRow;
  readonly component_in_set: ComponentInSetRow;
}

import type { ComponentTables } from './component-tables.ts';
import type { FactoryTables } from './factory-tables.ts';
import type { PackTables } from './pack-tables.ts';
import type { QueueTables } from './queue-tables.ts';
import type { RegistryTables } from './registry-tables.ts';
import type { RetentionTables } from './retention-tables.ts';

/**
 * Every table, one line for each family. To add one: drop `NNNN-name.sql` into `migrations/`, write its row
 * types in a file of their own, extend this interface, and update `schema.sql` (run its test with `-u`).
 */
export interface Database
  extends
    ComponentTables,
    FactoryTables,
    PackTables,
    QueueTables,
    RegistryTables,
    RetentionTables {}

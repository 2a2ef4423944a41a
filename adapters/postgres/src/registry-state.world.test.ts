import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@kiln/base';
import { registryStateConformance } from '@kiln/factory/conformance';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect } from './connect.ts';
import type { Database } from './database.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './embedded.ts';
import { migrate, readMigrations } from './migrate.ts';
import { PostgresRegistryState } from './registry-state.ts';

let home: string;
let database: Kysely<Database>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'kiln-registry-state-'));
  const { socketDirectory } = await startEmbeddedPostgres({ home });
  database = connect({ socketDirectory });
  await migrate(database, await readMigrations());
});

beforeEach(async () => {
  await sql`truncate registry_repository, registry_blob, registry_manifest, registry_tag, registry_tag_event,
    component, component_set, component_in_set`.execute(database);
});

afterAll(async () => {
  await database.destroy();
  await stopEmbeddedPostgres(home);
  await rm(home, { recursive: true, force: true });
});

registryStateConformance((clock) => ({ state: new PostgresRegistryState({ database, clock }) }));

describe('registry state in SQL', () => {
  const digest = digestOf('manifest');
  const publication = {
    repository: 'a',
    blobs: [],
    manifests: [
      {
        digest,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        sizeBytes: 1,
        subject: undefined,
        artifactType: undefined,
        annotations: { nul: 'a\0b' },
      },
    ],
    tags: [{ tag: 'latest', digest, expected: 'any' as const }],
  };

  it('publishes within a transaction of the caller, and vanishes with it', async () => {
    const state = new PostgresRegistryState({ database, clock: { now: () => 1 } });
    const broken = database.transaction().execute(async (tx) => {
      expect(await state.publishWithin(tx, publication)).toBe(true);
      throw new Error('another record could not be written');
    });
    await expect(broken).rejects.toThrow('another record');
    expect(await state.tag('a', 'latest')).toBeUndefined();
    expect(await state.hasRepository('a')).toBe(false);
  });

  it('keeps annotations with characters that a database may not like', async () => {
    const state = new PostgresRegistryState({ database, clock: { now: () => 1 } });
    await state.publish(publication);
    expect((await state.manifests('a', [digest])).get(digest)?.annotations).toEqual({
      nul: 'a\0b',
    });
  });
});

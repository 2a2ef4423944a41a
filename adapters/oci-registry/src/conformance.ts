import { afterAll, beforeAll, describe } from 'vitest';
import { blobSection } from './testing/blob-section.ts';
import { chunkSection } from './testing/chunk-section.ts';
import { discoverySection } from './testing/discovery-section.ts';
import type { DistributionUnderTest } from './testing/distribution-client.ts';
import { DistributionClient } from './testing/distribution-client.ts';
import { managementSection } from './testing/management-section.ts';
import { manifestSection } from './testing/manifest-section.ts';
import { pullSection } from './testing/pull-section.ts';
import { sha512Section } from './testing/sha512-section.ts';

export type { DistributionUnderTest } from './testing/distribution-client.ts';

/**
 * Registers tests of what the OCI distribution specification 1.1 asks of a registry, named by its sections and the
 * numbers of its endpoints; `make` starts an empty registry that allows everything. Where the specification leaves a
 * choice, they hold Kiln's. Call it inside a vitest file.
 */
export function distributionConformance(make: () => Promise<DistributionUnderTest>): void {
  describe('the distribution specification 1.1', () => {
    let subject: DistributionUnderTest;
    const client = new DistributionClient(() => subject);
    beforeAll(async () => {
      subject = await make();
    });
    afterAll(async () => {
      await subject.close();
    });
    pullSection(client);
    blobSection(client);
    chunkSection(client, () => subject);
    manifestSection(client);
    discoverySection(client);
    managementSection(client);
    sha512Section(client);
  });
}

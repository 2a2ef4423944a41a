import { parseDigest } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { Reason, WhyKept } from '@kiln/retention';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { GarbageStatus, WhyKeptView } from './retention-schemas.ts';
import { garbageStatus, whyKeptView } from './retention-schemas.ts';

export interface RetentionPort {
  status(): Promise<GarbageStatus>;
  /** Begins a sweep. Throws `RETENTION_BUSY`. */
  start(dryRun: boolean): void;
  why(digest: Digest): Promise<WhyKept>;
}

/** What removes what nobody needs, and says why the rest is kept. */
export function retentionRoutes(server: FastifyInstance, retention: RetentionPort): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const response = { 200: garbageStatus };

  app.get('/gc', { schema: { response } }, () => retention.status());

  app.post(
    '/gc',
    { schema: { body: z.object({ dryRun: z.boolean() }), response } },
    async (request) => {
      retention.start(request.body.dryRun);
      return retention.status();
    },
  );

  app.get(
    '/gc/why/:digest',
    { schema: { params: z.object({ digest: z.string() }), response: { 200: whyKeptView } } },
    async (request) => whyView(await retention.why(parseDigest(request.params.digest))),
  );
}

function whyView({ digest, sizeBytes, repositories, records, collectable }: WhyKept): WhyKeptView {
  return {
    digest,
    sizeBytes: sizeBytes ?? null,
    because: [
      ...repositories
        .filter(({ reasons }) => reasons.length > 0)
        .map(({ repository, reasons }) => `${repository}: ${reasons.map(inWords).join(', ')}`),
      ...records.map(({ source, id }) => `${sourceInWords[source]} ${id}`),
    ],
    collectable,
  };
}

const sourceInWords = {
  manifest: 'manifest',
  blob: 'blob',
  result: 'result of action',
  generation: 'package index',
  desired: 'desired state of',
  state: 'state of',
  attestation: 'statement about',
  ledger: 'record for the signer',
} as const satisfies Record<WhyKept['records'][number]['source'], string>;

function inWords(reason: Reason): string {
  switch (reason.kind) {
    case 'tag':
      return `tagged ${reason.tag}`;
    case 'history':
      return `was tagged ${reason.tag}`;
    case 'recent':
      return `in use since ${new Date(reason.at).toISOString()}`;
    case 'held':
      return `listed by ${reason.by}`;
    case 'about':
      return `about ${reason.subject}`;
    case 'unread':
      return `what ${reason.manifest} lists is not known`;
  }
}

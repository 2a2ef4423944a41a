import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBlobs } from '@kiln/blobs';
import { MemoryRegistryState } from '@kiln/factory';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { distributionConformance } from './conformance.ts';
import { ociRegistry } from './registry.ts';

distributionConformance(async () => {
  const uploadsDirectory = await mkdtemp(join(tmpdir(), 'kiln-distribution-'));
  const [blobs, state] = [new MemoryBlobs(), new MemoryRegistryState()];
  let url = '';
  const start = async (): Promise<FastifyInstance> => {
    const made = Fastify({ forceCloseConnections: true });
    await made.register(ociRegistry, { blobs, state, uploadsDirectory });
    url = await made.listen({ host: '127.0.0.1', port: 0 });
    return made;
  };
  let server = await start();
  return {
    url: () => url,
    restart: async () => {
      await server.close();
      server = await start();
    },
    close: async () => {
      await server.close();
      await rm(uploadsDirectory, { recursive: true, force: true });
    },
  };
});

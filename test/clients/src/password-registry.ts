import { join } from 'node:path';
import { FsBlobs } from '@kiln/blobs-fs';
import { MemoryRegistryState } from '@kiln/factory';
import { ociRegistry } from '@kiln/oci-registry';
import Fastify from 'fastify';

/** Who may push to a `PasswordRegistry`, as HTTP's Basic scheme writes it. */
export const registryPassword: string = Buffer.from('ada:secret:word').toString('base64');

/** A registry on this machine that wants a user and a password. */
export interface PasswordRegistry extends AsyncDisposable {
  /** Host and port. */
  readonly name: string;
}

/** Starts a registry whose content lies below a directory; `private` wants the password of who reads, too. */
export async function passwordRegistry(
  directory: string,
  { reading }: { readonly reading: 'free' | 'private' },
): Promise<PasswordRegistry> {
  const server = Fastify();
  server.addHook('onRequest', async ({ headers, method }, reply) => {
    if (headers.authorization === `Basic ${registryPassword}`) return;
    if (reading === 'free' && method === 'GET') return;
    await reply.code(401).header('www-authenticate', 'Basic realm="test"').send();
  });
  await server.register(ociRegistry, {
    blobs: new FsBlobs({ directory: join(directory, 'blobs') }),
    state: new MemoryRegistryState(),
    uploadsDirectory: join(directory, 'uploads'),
    authorizePush: () => ({ allowed: true }),
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    name: address.replace('http://', ''),
    async [Symbol.asyncDispose]() {
      await server.close();
    },
  };
}

import { KilnError, shorten } from '@kiln/base';
import type { Reference } from '@kiln/oci';
import { parseReference } from '@kiln/oci';
import { findRunning } from '../client.ts';
import type { Config } from '../config.ts';

const thisMachine = ['localhost', '127.0.0.1', '[::1]'];

/** An image that a person names in this factory's registry, with its address or without. Throws `USAGE` and `OCI_REFERENCE_INVALID`. */
export function parseOwnName(config: Config, text: string): Reference {
  const reference = parseReference(text);
  const { registry, repository } = reference;
  const port = findRunning(config.home)?.port ?? config.port;
  if (registry === '' || thisMachine.some((host) => registry === `${host}:${port}`))
    return reference;
  throw new KilnError(
    'USAGE',
    `${shorten(registry)} is not the registry of this factory: localhost:${port} is`,
    {
      hint: `write ${repository}; what is in another registry the factory neither knows nor changes`,
    },
  );
}

import { findRunning } from '../client.ts';
import type { Config } from '../config.ts';
import { RegistrySource } from '../registry-source.ts';

/** The image that a person names: of this factory's registry, unless the name says another. Throws `OCI_REFERENCE_INVALID`. */
export function namedImage(config: Config, text: string): RegistrySource {
  return new RegistrySource(text, `localhost:${findRunning(config.home)?.port ?? config.port}`);
}

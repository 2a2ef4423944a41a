import fs from 'node:fs';
import { KilnError, messageOf, shorten } from '@kiln/base';
import { DockerConfig, dockerConfigBytesMax, dockerConfigFile } from '@kiln/registry-client';
import type { RegistryCredential } from '@kiln/registry-client';

type Environment = Readonly<Record<string, string | undefined>>;

/** Docker's configuration, from where docker keeps it. Throws `REGISTRY_CLIENT_CREDENTIALS`. */
export function readDockerConfig(environment: Environment): DockerConfig {
  const file = dockerConfigFile(environment);
  return new DockerConfig({ text: textOf(file), file, environment });
}

/** The credential for a repository: docker's, or for GitHub's registry the token of the environment. */
export async function credentialFor(
  environment: Environment,
  { registry, repository }: { readonly registry: string; readonly repository: string },
): Promise<RegistryCredential | undefined> {
  const found = await readDockerConfig(environment).credentialFor(registry, repository);
  const token = environment['GITHUB_TOKEN'];
  if (found !== undefined || registry !== 'ghcr.io' || !token) return found;
  return { kind: 'password', user: environment['GITHUB_ACTOR'] || 'unset', password: token };
}

function textOf(file: string): string | undefined {
  try {
    if (fs.statSync(file).size > dockerConfigBytesMax) throw new Error('too large');
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new KilnError(
      'IMAGE_CONFIG_UNREADABLE',
      `cannot read ${shorten(file, 200)}: ${messageOf(error)}`,
      { hint: 'check DOCKER_CONFIG and the permissions of the file' },
    );
  }
}

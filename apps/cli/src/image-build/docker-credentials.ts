import fs from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { KilnError, messageOf, shorten } from '@kiln/base';
import { DockerConfig, dockerConfigBytesMax, dockerConfigFile } from '@kiln/registry-client';
import type { DockerConfigOptions, RegistryCredential } from '@kiln/registry-client';

type Environment = DockerConfigOptions['environment'];
/** What configurations are read in; the signal ends a helper that is still running. */
type Surroundings = Pick<DockerConfigOptions, 'environment' | 'signal'>;

/** Docker's configuration, from where docker keeps it. Throws `REGISTRY_CLIENT_CREDENTIALS`. */
export function readDockerConfig(surroundings: Surroundings): DockerConfig {
  return readConfig(dockerConfigFile(surroundings.environment), surroundings);
}

function readConfig(file: string, surroundings: Surroundings): DockerConfig {
  return new DockerConfig({ text: textOf(file), file, ...surroundings });
}

/**
 * The credential for a repository: that of the configuration in `DOCKER_AUTH_CONFIG`, docker's, or podman's where docker has no file,
 * or for GitHub's registry the token of the environment. Throws `REGISTRY_CLIENT_CREDENTIALS`.
 */
export async function credentialFor(
  surroundings: Surroundings,
  { registry, repository }: { readonly registry: string; readonly repository: string },
): Promise<RegistryCredential | undefined> {
  const { environment } = surroundings;
  const found =
    (await givenConfig(surroundings)?.credentialFor(registry, repository)) ??
    (await readConfig(credentialsFile(environment), surroundings).credentialFor(
      registry,
      repository,
    ));
  const token = environment['GITHUB_TOKEN'];
  if (found !== undefined || registry !== 'ghcr.io' || !token) return found;
  return { kind: 'password', user: environment['GITHUB_ACTOR'] || 'unset', password: token };
}

function givenConfig(surroundings: Surroundings): DockerConfig | undefined {
  const { DOCKER_AUTH_CONFIG: text } = surroundings.environment;
  return text ? new DockerConfig({ text, file: 'DOCKER_AUTH_CONFIG', ...surroundings }) : undefined;
}

/** Podman's file has the form of docker's. */
function credentialsFile(environment: Environment): string {
  const docker = dockerConfigFile(environment);
  const {
    REGISTRY_AUTH_FILE: named,
    XDG_RUNTIME_DIR: runtime,
    XDG_CONFIG_HOME: config,
  } = environment;
  const home = environment['HOME'] || homedir();
  const podman = [runtime, config || path.join(home, '.config')].flatMap((folder) =>
    folder ? [path.join(folder, 'containers/auth.json')] : [],
  );
  return [docker, ...(named ? [named] : []), ...podman].find((one) => fs.existsSync(one)) ?? docker;
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

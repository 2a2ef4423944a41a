import { homedir } from 'node:os';
import { join } from 'node:path';
import { shorten } from '@kiln/base';
import { z } from 'zod';
import type { RegistryCredential } from './credential.ts';
import { CredentialHelper } from './credential-helper.ts';
import type { HelperSurroundings } from './credential-helper.ts';
import { failure } from './failure.ts';

/** Largest configuration that is read. */
export const dockerConfigBytesMax: number = 4 * 1024 * 1024;

const hubNames: readonly string[] = ['index.docker.io', 'docker.io'];
/** The name that docker keeps its own registry's password under, as it was in version 1. */
const hubServer = `https://${hubNames[0]}/v1/`;

const entry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
type Entry = z.output<typeof entry>;

const shape = z.looseObject({
  auths: z.record(z.string(), entry.loose()).default({}),
  credHelpers: z.record(z.string(), z.string()).default({}),
  credsStore: z.string().optional(),
});

export interface DockerConfigOptions extends HelperSurroundings {
  /** The file's text; undefined where there is none. */
  readonly text: string | undefined;
  /** For messages. */
  readonly file: string;
}

/** Where docker keeps its configuration: `DOCKER_CONFIG`, or `~/.docker`. */
export function dockerConfigFile(
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const folder = environment['DOCKER_CONFIG'];
  if (folder !== undefined && folder !== '') return join(folder, 'config.json');
  return join(environment['HOME'] || homedir(), '.docker', 'config.json');
}

/** Docker's `config.json`: which credentials are for which registry. */
export class DockerConfig {
  readonly #config: z.output<typeof shape>;
  readonly #surroundings: HelperSurroundings;

  /** Throws `REGISTRY_CLIENT_CREDENTIALS` for a file that is none. */
  constructor({ text, file, environment, signal }: DockerConfigOptions) {
    this.#surroundings = { environment, signal };
    const invalid = (why: string): Error =>
      failure(
        'REGISTRY_CLIENT_CREDENTIALS',
        `${shorten(file, 200)}: ${shorten(why, 200)}`,
        'correct the file, or log in anew',
      );
    let value: unknown = {};
    try {
      if (text !== undefined && text.trim() !== '') value = JSON.parse(text);
    } catch {
      // What is wrong with it may hold what is in it.
      throw invalid('not a JSON document');
    }
    const parsed = shape.safeParse(value);
    if (!parsed.success) throw invalid(`${parsed.error.issues[0]?.path.join('.') ?? ''}: invalid`);
    this.#config = parsed.data;
  }

  /**
   * The credential for a repository, that of the longest name in the file: the repository, folders above it, its registry.
   * Undefined where there is none. Throws `REGISTRY_CLIENT_CREDENTIALS` for a helper that fails.
   */
  async credentialFor(
    registry: string,
    repository: string,
  ): Promise<RegistryCredential | undefined> {
    for (const name of namesOf(registry, repository)) {
      const helper = this.#helperOf(name);
      const found =
        helper === undefined
          ? credentialOf(this.#config.auths[name])
          : await helper.get(name, this.#surroundings);
      if (found !== undefined) return found;
    }
    if (this.#helperOf(registry) !== undefined) return undefined;
    const { auths } = this.#config;
    return Object.entries(auths)
      .filter(([name]) => hostOf(name) === registry)
      .map(([, one]) => credentialOf(one))
      .find((one) => one !== undefined);
  }

  /**
   * Gives a password to the helper that keeps those of a registry, under docker’s name of it; false where the file keeps them.
   * Throws `REGISTRY_CLIENT_CREDENTIALS` for a helper that fails.
   */
  async storePassword(registry: string, user: string, password: string): Promise<boolean> {
    const server = serverOf(registry);
    const helper = this.#helperOf(server);
    await helper?.store({ server, user, password }, this.#surroundings);
    return helper !== undefined;
  }

  /** The text of the file with a password for a registry in it. */
  withPassword(registry: string, user: string, password: string): string {
    const auth = Buffer.from(`${user}:${password}`).toString('base64');
    const auths = { ...this.#config.auths, [serverOf(registry)]: { auth } };
    const { credHelpers, ...rest } = this.#config;
    const helpers = Object.keys(credHelpers).length === 0 ? {} : { credHelpers };
    return `${JSON.stringify({ ...rest, auths, ...helpers }, null, '\t')}\n`;
  }

  #helperOf(name: string): CredentialHelper | undefined {
    const { credHelpers, credsStore } = this.#config;
    const helper = credHelpers[name] ?? credsStore;
    return helper === undefined || helper === '' ? undefined : new CredentialHelper(helper);
  }
}

/** What docker calls a registry in its file. */
function serverOf(registry: string): string {
  return hubNames.includes(registry) ? hubServer : registry;
}

function namesOf(registry: string, repository: string): readonly string[] {
  const components = repository.split('/');
  const folders = components.map((_, i) =>
    [registry, ...components.slice(0, components.length - i)].join('/'),
  );
  const hosts = hubNames.includes(registry) ? [hubServer, ...hubNames] : [registry];
  return [
    ...folders,
    ...hosts,
    ...hosts.flatMap((host) => [`https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`]),
  ];
}

/** The host of a name that is an address of all of a registry. */
function hostOf(name: string): string | undefined {
  return /^(?:https?:\/\/)?([^/]+)(?:\/v[12])?\/?$/.exec(name)?.[1];
}

function credentialOf(found: Entry | undefined): RegistryCredential | undefined {
  if (found === undefined) return undefined;
  if (found.registrytoken) return { kind: 'bearer', token: found.registrytoken };
  if (found.identitytoken) return { kind: 'identity', token: found.identitytoken };
  const [user = '', ...rest] = found.auth
    ? Buffer.from(found.auth, 'base64').toString('utf8').replace(/\0+$/, '').split(':')
    : [found.username ?? '', found.password ?? ''];
  const password = rest.join(':');
  return user === '' && password === '' ? undefined : { kind: 'password', user, password };
}

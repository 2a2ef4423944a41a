import { KilnError, shorten } from '@kiln/base';
import { compareNatural, printYaml } from '@kiln/yaml';
import { shownUrl } from './shown-url.ts';
import type { ConfigDialect, ImageConfig, NamedText } from './types.ts';

/**
 * The configuration as YAML in the form of `apko show-config`: Go's layout with four columns a level, keys in the order of
 * the format, maps sorted as yaml.v3 sorts them, empty members of the document left out and those of entrypoints, accounts and paths
 * not. Passwords in addresses become `xxxxx`. Dialect `apko` marks lines that begin with a blank as apko does, wrongly. Throws `IMAGE_CONFIG_INVALID` for a repository that is neither an address nor
 * `@tag` and one.
 */
export function imageConfigYaml(config: ImageConfig, dialect: ConfigDialect = 'kiln'): string {
  return printYaml(
    {
      contents: orAbsent(contents(config, dialect)),
      entrypoint: entrypoint(config),
      cmd: text(config.cmd),
      'stop-signal': text(config.stopSignal),
      'work-dir': text(config.workDir),
      accounts: accounts(config),
      archs: list(config.archs),
      environment: filled(config.environment),
      paths: list(config.paths.map(path)),
      'vcs-url': text(config.vcsUrl),
      annotations: filled(config.annotations),
      include: text(config.include),
      volumes: list(config.volumes),
      layering: config.layering && {
        strategy: text(config.layering.strategy),
        budget: config.layering.budget || undefined,
      },
      certificates: config.certificates && {
        additional: list(config.certificates.additional.map(named)),
        providers: list(config.certificates.providers),
      },
    },
    { indent: 4, marks: dialect === 'apko' ? 'wrong' : 'right' },
  );
}

function contents({ contents: c }: ImageConfig, dialect: ConfigDialect): object {
  const shown = dialect === 'apko' ? shownUrl : withoutPassword;
  const repository = (text: string): string => shownRepository(text, shown);
  return {
    build_repositories: list(c.buildRepositories.map(repository)),
    runtime_repositories: list(c.runtimeRepositories),
    repositories: list(c.repositories.map(repository)),
    keyring: list(c.keyring.map(shown)),
    runtime_keyring: list(c.runtimeKeyring.map(named)),
    packages: list(c.packages),
    baseimage: c.baseImage && {
      image: text(c.baseImage.image),
      apkindex: text(c.baseImage.apkIndex),
    },
  };
}

function entrypoint({ entrypoint: e }: ImageConfig): object | undefined {
  const services = sorted(e.services ?? {});
  const isEmpty = e.type === '' && e.command === '' && e.shellFragment === '';
  if (isEmpty && services.size === 0) return undefined;
  return { type: e.type, command: e.command, 'shell-fragment': e.shellFragment, services };
}

function accounts({ accounts: a }: ImageConfig): object | undefined {
  if (a.runAs === '' && a.users.length === 0 && a.groups.length === 0) return undefined;
  return {
    'run-as': a.runAs,
    users: a.users.map(({ userName, uid, gid, shell, homeDir }) => ({
      username: userName,
      uid,
      gid,
      shell,
      homedir: homeDir,
    })),
    groups: a.groups.map(({ groupName, gid, members }) => ({
      groupname: groupName,
      gid,
      members,
    })),
  };
}

function path(mutation: ImageConfig['paths'][number]): object {
  const { path: where, type, uid, gid, permissions, source, recursive } = mutation;
  return { path: where, type, uid, gid, permissions, source, recursive };
}

function named({ name, content }: NamedText): object {
  return { name: text(name), content: text(content) };
}

function shownRepository(repository: string, shown: (address: string) => string): string {
  const [first = '', second, ...more] = repository.split(' ');
  if (more.length > 0) throw invalid('invalid repository format', repository);
  if (second === undefined) return shown(first);
  if (!/^@[^]/.test(first)) throw invalid('invalid tag format in repository', repository);
  return `${first} ${shown(second)}`;
}

function invalid(what: string, repository: string): KilnError {
  return new KilnError('IMAGE_CONFIG_INVALID', `${what}: "${shorten(repository)}"`, {
    hint: 'write a URL or a directory, or @tag and one of them',
  });
}

function withoutPassword(address: string): string {
  return address.replace(/(:\/\/[^/?#:@]*):[^/?#@]*@/, '$1:xxxxx@');
}

/** A `Map`, since objects list keys that are numbers first. */
function sorted(map: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(map).sort(([a], [b]) => compareNatural(a, b)));
}

function filled(map: Readonly<Record<string, string>>): ReadonlyMap<string, string> | undefined {
  return Object.keys(map).length === 0 ? undefined : sorted(map);
}

function orAbsent(value: object): object | undefined {
  return Object.values(value).some((member) => member !== undefined) ? value : undefined;
}

function text(value: string): string | undefined {
  return value === '' ? undefined : value;
}

function list<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

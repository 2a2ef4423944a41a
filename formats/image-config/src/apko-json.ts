import { goJson, goMap } from '@kiln/oci';
import type { GoJsonValue } from '@kiln/oci';
import type { ImageConfig, NamedText } from './types.ts';

/**
 * The configuration as one line of JSON without a newline, in the form of apko's `/etc/apko.json`: keys in the order of
 * the format, empty values left out but for the three objects that are always there, Go's escaping.
 */
export function printApkoJson(config: ImageConfig): string {
  return goJson(apkoDocument(config));
}

/** The value that `printApkoJson` prints: members that are undefined are left out. */
export function apkoDocument(config: ImageConfig): { readonly [member: string]: GoJsonValue } {
  return {
    contents: contents(config),
    entrypoint: {
      type: text(config.entrypoint.type),
      command: text(config.entrypoint.command),
      'shell-fragment': text(config.entrypoint.shellFragment),
      services: goMap(config.entrypoint.services),
    },
    cmd: text(config.cmd),
    'stop-signal': text(config.stopSignal),
    'work-dir': text(config.workDir),
    accounts: accounts(config),
    archs: list(config.archs),
    environment: goMap(config.environment),
    paths: list(config.paths.map(path)),
    'vcs-url': text(config.vcsUrl),
    annotations: goMap(config.annotations),
    include: text(config.include),
    volumes: list(config.volumes),
    layering: config.layering && {
      strategy: text(config.layering.strategy),
      budget: config.layering.budget || undefined,
    },
    format: text(config.format),
    certificates: config.certificates && {
      additional: list(config.certificates.additional.map(named)),
      providers: list(config.certificates.providers),
    },
  };
}

function contents({ contents: c }: ImageConfig): GoJsonValue {
  return {
    build_repositories: list(c.buildRepositories),
    runtime_repositories: list(c.runtimeRepositories),
    repositories: list(c.repositories),
    keyring: list(c.keyring),
    runtime_keyring: list(c.runtimeKeyring.map(named)),
    packages: list(c.packages),
    baseimage: c.baseImage && {
      image: text(c.baseImage.image),
      apkindex: text(c.baseImage.apkIndex),
    },
  };
}

function accounts({ accounts: a }: ImageConfig): GoJsonValue {
  return {
    'run-as': text(a.runAs),
    users: list(
      a.users.map((user) => ({
        username: text(user.userName),
        uid: user.uid || undefined,
        gid: user.gid,
        shell: text(user.shell),
        homedir: text(user.homeDir),
      })),
    ),
    groups: list(
      a.groups.map((group) => ({
        groupname: text(group.groupName),
        gid: group.gid || undefined,
        members: list(group.members),
      })),
    ),
  };
}

function path(mutation: ImageConfig['paths'][number]): GoJsonValue {
  return {
    path: text(mutation.path),
    type: text(mutation.type),
    uid: mutation.uid,
    gid: mutation.gid,
    permissions: mutation.permissions || undefined,
    source: text(mutation.source),
    recursive: mutation.recursive || undefined,
  };
}

function named({ name, content }: NamedText): GoJsonValue {
  return { name: text(name), content: text(content) };
}

function text(value: string): string | undefined {
  return value === '' ? undefined : value;
}

function list<T extends GoJsonValue>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

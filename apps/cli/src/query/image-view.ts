import { goMap, goPointer, goSlice, goStruct, type GoValue } from '@kiln/go-template';
import type { ImageConfig } from '@kiln/image-config';

/** An image configuration under the names that apko's `ImageConfiguration` has for its fields. */
export function imageView(config: ImageConfig): GoValue {
  return goStruct({
    Contents: contentsView(config.contents),
    Entrypoint: goStruct({
      Type: config.entrypoint.type,
      Command: config.entrypoint.command,
      ShellFragment: config.entrypoint.shellFragment,
      Services: strings(config.entrypoint.services ?? {}),
    }),
    Cmd: config.cmd,
    StopSignal: config.stopSignal,
    WorkDir: config.workDir,
    Accounts: accountsView(config.accounts),
    Archs: goSlice(config.archs),
    Environment: strings(config.environment),
    Paths: goSlice(config.paths.map(pathView)),
    VCSUrl: config.vcsUrl,
    Annotations: strings(config.annotations),
    Include: config.include,
    Volumes: goSlice(config.volumes),
    Layering: pointerTo(config.layering, ({ strategy, budget }) => ({
      Strategy: strategy,
      Budget: budget,
    })),
    Certificates: pointerTo(config.certificates, ({ additional, providers }) => ({
      Additional: goSlice(additional.map(namedText)),
      Providers: goSlice(providers),
    })),
  });
}

function contentsView(contents: ImageConfig['contents']): GoValue {
  return goStruct({
    BuildRepositories: goSlice(contents.buildRepositories),
    RuntimeOnlyRepositories: goSlice(contents.runtimeRepositories),
    Repositories: goSlice(contents.repositories),
    Keyring: goSlice(contents.keyring),
    RuntimeKeyring: goSlice(contents.runtimeKeyring.map(namedText)),
    Packages: goSlice(contents.packages),
    BaseImage: pointerTo(contents.baseImage, ({ image, apkIndex }) => ({
      Image: image,
      APKIndex: apkIndex,
    })),
  });
}

function accountsView({ runAs, users, groups }: ImageConfig['accounts']): GoValue {
  return goStruct({
    RunAs: runAs,
    Users: goSlice(
      users.map((user) =>
        goStruct({
          UserName: user.userName,
          UID: user.uid,
          GID: goPointer(user.gid),
          Shell: user.shell,
          HomeDir: user.homeDir,
        }),
      ),
    ),
    Groups: goSlice(
      groups.map(({ groupName, gid, members }) =>
        goStruct({ GroupName: groupName, GID: gid, Members: goSlice(members) }),
      ),
    ),
  });
}

function pathView(one: ImageConfig['paths'][number]): GoValue {
  return goStruct({
    Path: one.path,
    Type: one.type,
    UID: goPointer(one.uid),
    GID: goPointer(one.gid),
    Permissions: one.permissions,
    Source: one.source,
    Recursive: one.recursive,
  });
}

function namedText({
  name,
  content,
}: {
  readonly name: string;
  readonly content: string;
}): GoValue {
  return goStruct({ Name: name, Content: content });
}

/** A map from strings to strings. */
export function strings(record: Readonly<Record<string, string>>): GoValue {
  return goMap(Object.entries(record), '');
}

/** A pointer to a struct, nil where there is nothing. */
export function pointerTo<T>(
  value: T | undefined,
  fields: (value: T) => Readonly<Record<string, GoValue>>,
  methods: (value: T) => Readonly<Record<string, () => GoValue>> = () => ({}),
): GoValue {
  return goPointer(value === undefined ? undefined : goStruct(fields(value), methods(value)));
}

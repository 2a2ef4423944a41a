import { boolean, integer, text } from '@kiln/yaml';
import { z } from 'zod';
import { canonicalArch } from './architecture.ts';
import type {
  Accounts,
  Certificates,
  Contents,
  Entrypoint,
  Group,
  ImageConfig,
  Layering,
  NamedText,
  PathMutation,
  User,
} from './types.ts';

const word = (): z.ZodDefault<z.ZodString> => text().default('');
const words = (): z.ZodDefault<z.ZodArray<z.ZodString>> => z.array(text()).default([]);
const wordMap = (): z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>> =>
  z.record(z.string(), text()).default({});
const uint32 = (): z.ZodInt => integer().min(0).max(4_294_967_295);

const namedText: z.ZodType<NamedText> = z.strictObject({ name: word(), content: word() });

const baseImage: z.ZodType<NonNullable<Contents['baseImage']>> = z
  .strictObject({ image: word(), apkindex: word() })
  .transform(({ image, apkindex }) => ({ image, apkIndex: apkindex }));

const repositories = (): z.ZodType<readonly string[]> =>
  words().transform((list) => list.map((repository) => repository.replace(/\/+$/, '')));

const contents: z.ZodType<Contents> = z
  .strictObject({
    build_repositories: repositories(),
    repositories: repositories(),
    runtime_repositories: repositories(),
    keyring: words(),
    runtime_keyring: z.array(namedText).default([]),
    packages: words(),
    baseimage: baseImage.optional(),
  })
  .transform((c) => ({
    buildRepositories: c.build_repositories,
    runtimeRepositories: c.runtime_repositories,
    repositories: c.repositories,
    keyring: c.keyring,
    runtimeKeyring: c.runtime_keyring,
    packages: c.packages,
    baseImage: c.baseimage,
  }));

const entrypoint: z.ZodType<Entrypoint> = z
  .strictObject({
    type: word(),
    command: word(),
    'shell-fragment': word(),
    services: z.record(z.string(), text()).optional(),
  })
  .transform(({ 'shell-fragment': shellFragment, services, ...rest }) => ({
    ...rest,
    shellFragment,
    services,
  }));

const user: z.ZodType<User> = z
  .strictObject({
    username: word(),
    uid: uint32().default(0),
    gid: uint32().optional(),
    shell: word(),
    homedir: word(),
  })
  .transform((u) => ({
    userName: u.username,
    uid: u.uid,
    gid: u.gid,
    shell: u.shell,
    homeDir: u.homedir,
  }));

const group: z.ZodType<Group> = z
  .strictObject({ groupname: word(), gid: uint32().default(0), members: words() })
  .transform(({ groupname, ...rest }) => ({ ...rest, groupName: groupname }));

const accounts: z.ZodType<Accounts> = z
  .strictObject({
    'run-as': word(),
    users: z.array(user).default([]),
    groups: z.array(group).default([]),
  })
  .transform(({ 'run-as': runAs, ...rest }) => ({ ...rest, runAs }));

const pathMutation: z.ZodType<PathMutation> = z
  .strictObject({
    path: word(),
    type: word(),
    uid: uint32().optional(),
    gid: uint32().optional(),
    permissions: uint32().default(0),
    source: word(),
    recursive: boolean().default(false),
  })
  .transform((p) => ({ ...p, uid: p.uid, gid: p.gid }));

const layering: z.ZodType<Layering> = z.strictObject({
  strategy: word(),
  budget: integer().default(0),
});

const certificates: z.ZodType<Certificates> = z.strictObject({
  additional: z.array(namedText).default([]),
  providers: words(),
});

const members = {
  contents: contents.prefault({}),
  entrypoint: entrypoint.prefault({}),
  cmd: word(),
  'stop-signal': word(),
  'work-dir': word(),
  accounts: accounts.prefault({}),
  archs: words().transform((list) => list.map(canonicalArch)),
  environment: wordMap(),
  paths: z.array(pathMutation).default([]),
  'vcs-url': word(),
  annotations: wordMap(),
  include: word(),
  volumes: words(),
  layering: layering.optional(),
  certificates: certificates.optional(),
};

const released = z.strictObject(members);
type Members = z.output<typeof released>;

function configOf(c: Members, format: string): ImageConfig {
  return {
    contents: c.contents,
    entrypoint: c.entrypoint,
    cmd: c.cmd,
    stopSignal: c['stop-signal'],
    workDir: c['work-dir'],
    accounts: c.accounts,
    archs: c.archs,
    environment: c.environment,
    paths: c.paths,
    vcsUrl: c['vcs-url'],
    annotations: c.annotations,
    include: c.include,
    volumes: c.volumes,
    layering: c.layering,
    format,
    certificates: c.certificates,
  };
}

/** The shape of the document, as apko's reference of the configuration file names its keys. */
export const imageConfigSchema: z.ZodType<ImageConfig> = z
  .strictObject({ ...members, format: word() })
  .transform(({ format, ...rest }) => configOf(rest, format));

/** The keys that apko 1.2.37 has: no `format` yet. */
export const apkoConfigSchema: z.ZodType<ImageConfig> = released.transform((c) => configOf(c, ''));

/** An apko image configuration. Absent texts are "", absent lists and maps are empty. */
export interface ImageConfig {
  readonly contents: Contents;
  readonly entrypoint: Entrypoint;
  /** Shell words that become the image's `Cmd`. */
  readonly cmd: string;
  readonly stopSignal: string;
  readonly workDir: string;
  readonly accounts: Accounts;
  /** Canonical names such as `amd64`; see `architectures`. */
  readonly archs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly paths: readonly PathMutation[];
  /** Source and revision, separated by the first `@`. */
  readonly vcsUrl: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** A further configuration to merge underneath. */
  readonly include: string;
  readonly volumes: readonly string[];
  readonly layering: Layering | undefined;
  /** "" or `tar`. */
  readonly format: string;
  readonly certificates: Certificates | undefined;
}

export interface Contents {
  /** Used for solving, never written to the image. */
  readonly buildRepositories: readonly string[];
  /** Only written to the image. */
  readonly runtimeRepositories: readonly string[];
  /** Used for solving and written to the image: a URL, or `@tag URL`. */
  readonly repositories: readonly string[];
  readonly keyring: readonly string[];
  readonly runtimeKeyring: readonly NamedText[];
  /** World entries. */
  readonly packages: readonly string[];
  readonly baseImage: { readonly image: string; readonly apkIndex: string } | undefined;
}

export interface NamedText {
  readonly name: string;
  readonly content: string;
}

export interface Entrypoint {
  readonly type: string;
  readonly command: string;
  readonly shellFragment: string;
  /** Undefined where nothing is said of them: an entrypoint with an empty map is one, and not that of an included configuration. */
  readonly services: Readonly<Record<string, string>> | undefined;
}

export interface Accounts {
  /** User name or number. */
  readonly runAs: string;
  readonly users: readonly User[];
  readonly groups: readonly Group[];
}

export interface User {
  readonly userName: string;
  readonly uid: number;
  /** Undefined means the same as `uid`. */
  readonly gid: number | undefined;
  readonly shell: string;
  readonly homeDir: string;
}

export interface Group {
  readonly groupName: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export interface PathMutation {
  readonly path: string;
  /** `directory`, `empty-file`, `hardlink`, `symlink` or `permissions`. */
  readonly type: string;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly permissions: number;
  /** Link target. */
  readonly source: string;
  readonly recursive: boolean;
}

export interface Layering {
  readonly strategy: string;
  readonly budget: number;
}

export interface Certificates {
  readonly additional: readonly NamedText[];
  readonly providers: readonly string[];
}

/** `kiln` refuses what apko lets pass to its own harm; `apko` accepts what apko accepts. */
export type ConfigDialect = 'kiln' | 'apko';

/** The configuration with nothing in it. */
export const emptyImageConfig: ImageConfig = {
  contents: {
    buildRepositories: [],
    runtimeRepositories: [],
    repositories: [],
    keyring: [],
    runtimeKeyring: [],
    packages: [],
    baseImage: undefined,
  },
  entrypoint: { type: '', command: '', shellFragment: '', services: undefined },
  cmd: '',
  stopSignal: '',
  workDir: '',
  accounts: { runAs: '', users: [], groups: [] },
  archs: [],
  environment: {},
  paths: [],
  vcsUrl: '',
  annotations: {},
  include: '',
  volumes: [],
  layering: undefined,
  format: '',
  certificates: undefined,
};

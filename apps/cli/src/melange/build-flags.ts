import type { Flag, FlagTable } from '../drop-in/flag.ts';
import { runnerFlag } from './runner.ts';

/** melange's linters that fail a build unless told otherwise, bytewise. */
export const lintRequireDefault: readonly string[] = [
  'dev',
  'infodir',
  'libtool/la-files',
  'setuidgid',
  'tempdir',
  'usrmerge',
  'varempty',
  'worldwrite',
];

/** melange's linters that warn unless told otherwise, bytewise. */
export const lintWarnDefault: readonly string[] = [
  'binaryarch',
  'cudaruntimelib',
  'dll',
  'duplicate',
  'dylib',
  'lddcheck',
  'maninfo',
  'nonlinux',
  'object',
  'opt',
  'pkgconf',
  'python/docs',
  'python/multiple',
  'python/test',
  'sbom',
  'srv',
  'staticarchive',
  'strip',
  'unsupportedarch',
  'usrlocal',
];

/** Flags of `build` and `lint`. */
export const lintFlags: FlagTable = {
  'lint-require': {
    type: 'strings',
    default: lintRequireDefault,
    help: 'linters whose findings are errors',
  },
  'lint-warn': {
    type: 'strings',
    default: lintWarnDefault,
    help: 'linters whose findings are warnings',
  },
  'persist-lint-results': {
    type: 'bool',
    help: 'write the findings beside the packages, as JSON',
  },
  'fail-on-lint-warning': {
    type: 'bool',
    help: 'nothing',
    deprecated: 'use --lint-require and --lint-warn instead',
    unused: 'melange gave it up',
  },
};

const strings = (help: string): Flag => ({ type: 'strings', help });
const string = (help: string): Flag => ({ type: 'string', help });
const bool = (help: string): Flag => ({ type: 'bool', help });

const asBubblewrap = 'a limit for machines of a runner; bubblewrap has none in melange either';

/** Flags of `build`, `test` and `compile` alike. */
export const guestFlags: FlagTable = {
  'apk-cache-dir': string('where fetched packages are kept; a folder of the user without it'),
  'cache-source': {
    ...string('where to take cached inputs from'),
    unused: 'melange takes nothing from there either',
  },
  cpu: { ...string('processors of a step'), unused: asBubblewrap },
  debug: bool('trace the commands of steps'),
  'debug-runner': bool('keep what a failed build leaves, and say where'),
  'env-file': strings('files of environment variables, later ones first'),
  interactive: { ...bool('open a shell in the guest where a step fails'), shorthand: 'i' },
  'keyring-append': { ...strings('files of public keys to trust'), shorthand: 'k' },
  memory: { ...string('memory of a step'), unused: asBubblewrap },
  'repository-append': {
    ...strings('repositories, addresses or folders, for the guest'),
    shorthand: 'r',
  },
  runner: runnerFlag,
  'source-dir': string('the folder of patches and other side files'),
  timeout: { type: 'duration', help: 'how long all steps may take, such as 30m' },
  'workspace-dir': string('the folder that is /home/build in the guest'),
};

/** Flags of `build` and `compile` alike. */
export const recipeFlags: FlagTable = {
  ...guestFlags,
  'build-date': string('the date of everything that is written, RFC 3339'),
  'build-option': strings('build options of the recipe to switch on'),
  'cache-dir': {
    type: 'string',
    default: './melange-cache/',
    help: 'the folder of sources, by digest',
  },
  'create-build-log': bool('write packages.log, which names each package'),
  'dependency-log': {
    ...string('where to write the dependencies of the last package'),
    unused: 'what was found stands in each package; melange keeps the last one’s in a file',
  },
  'empty-workspace': bool('begin without the side files'),
  'generate-index': {
    type: 'bool',
    default: true,
    help: 'write APKINDEX.tar.gz beside the packages',
  },
  'generate-provenance': bool('write a SLSA provenance beside each package'),
  'git-commit': string('the commit of the recipe; found in its folder without it'),
  'git-repo-url': string('the address of the repository that the recipe is in'),
  license: { type: 'string', default: 'NOASSERTION', help: 'the licence of the recipe itself' },
  namespace: {
    type: 'string',
    default: 'unknown',
    help: 'the namespace of package URLs, such as wolfi',
  },
  'out-dir': { type: 'string', default: './packages/', help: 'the folder of the packages' },
  'package-append': strings('more packages for the guest'),
  'pipeline-dir': string('a folder of pipelines that goes before the built-in ones'),
  'signing-key': string('the private key that signs packages and index'),
  'strip-origin-name': bool('leave the origin out of packages'),
  'vars-file': string('a file of variables that replace the recipe’s'),
};

/** Flags of `build` and `test` that `compile` does not have. */
export const runFlags: FlagTable = {
  arch: strings('architectures, such as x86_64,aarch64 or host; all without it'),
  cpumodel: { ...string('model of the processors of a step'), unused: asBubblewrap },
  disk: { ...string('disk of a step'), unused: asBubblewrap },
  'ignore-signatures': bool('accept repositories whatever their signature'),
  'pipeline-dirs': strings('folders of pipelines that go before the built-in ones'),
  rm: {
    type: 'bool',
    default: true,
    help: 'remove the folder of --workspace-dir; nothing else is left of the guest',
  },
};

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksumOf } from '@kiln/apk';
import { systemClock } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import {
  build,
  planBuild,
  testPackage,
  type BuildOutcome,
  type GitSources,
  type Mount,
  type NetworkRecord,
  type Sandbox,
  type SandboxRequest,
  type SourceFetcher,
  type TestPackageOutcome,
} from '@kiln/build';
import {
  compileRecipe,
  parsePipelineDefinition,
  parseRecipe,
  type CompiledRecipe,
  type PipelineDefinition,
} from '@kiln/recipe';
import { HttpObserver, type HttpObserverOptions } from '@kiln/network-observer';
import { BwrapSandbox, FsWorkspaces } from '@kiln/sandbox-bwrap';
import { openShellPrinter } from '@kiln/shell-printer';

const printer = openShellPrinter();
const catalog = new URL('../../catalog/pipelines/', import.meta.url);

/** The catalog's pipeline of this name. */
export function definition(name: string): PipelineDefinition | undefined {
  const file = new URL(`${name}.yaml`, catalog);
  return existsSync(file)
    ? parsePipelineDefinition(readFileSync(file, 'utf8'), { file: `${name}.yaml` })
    : undefined;
}

export interface Subject {
  readonly recipe: string;
  readonly sources?: Readonly<Record<string, Uint8Array>>;
  readonly git?: GitSources;
  readonly side?: Readonly<Record<string, string>>;
  readonly cpus?: number;
  /** Where the recipe says it was read from. */
  readonly file?: string;
  /** What the guest sees besides the host's programs. */
  readonly mounts?: readonly Mount[];
  /** The steps reach the network. */
  readonly network?: {
    /** Answers that they get again. */
    readonly known: NetworkRecord | undefined;
    /** Undefined: nobody can be asked. */
    readonly outside:
      | Pick<HttpObserverOptions, 'allowed' | 'proxyVariables' | 'authorities'>
      | undefined;
  };
  /** Keeps what is built; its own unless one is given. */
  readonly blobs?: MemoryBlobs;
}

export interface Result {
  readonly outcome: BuildOutcome;
  readonly blobs: MemoryBlobs;
  readonly log: readonly string[];
}

/** Which `/bin/sh` and small tools the steps have. */
export type Shell = 'bash' | 'busybox';

/** Builds in real sandboxes with the catalog's pipelines and the host's programs. */
export class HostBuild {
  readonly folder: string;
  readonly root: string;
  readonly #shell: Shell;

  constructor(shell: Shell = 'bash') {
    this.#shell = shell;
    this.folder = mkdtempSync(join(tmpdir(), 'kiln-build-'));
    this.root = join(this.folder, 'root');
    for (const path of ['usr', 'etc']) mkdirSync(join(this.root, path), { recursive: true });
    for (const name of ['bin', 'sbin', 'lib', 'lib64'])
      symlinkSync(`usr/${name}`, join(this.root, name));
    writeFileSync(join(this.root, 'etc/passwd'), 'build:x:1000:1000::/home/build:/bin/sh\n');
    if (shell === 'busybox') this.#makeApplets();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  sandbox(mounts: readonly Mount[] = []): Sandbox {
    const real = new BwrapSandbox({ scratchDirectory: join(this.folder, 'scratch') });
    return { run: (request) => real.run(this.#withHost(request, mounts)) };
  }

  #withHost(request: SandboxRequest, mounts: readonly Mount[]): SandboxRequest {
    const host = { source: '/usr', target: '/usr', readOnly: true };
    const applets = { source: join(this.folder, 'applets'), target: '/applets', readOnly: true };
    const path = `${request.environment['PATH']}:/usr/local/go/bin`;
    const bash = this.#shell === 'bash';
    return {
      ...request,
      argv: [
        ...(bash ? ['/bin/bash', '--posix'] : ['/applets/busybox', 'ash']),
        ...request.argv.slice(1),
      ],
      environment: { ...request.environment, PATH: bash ? path : `/applets:${path}` },
      mounts: [host, ...(bash ? [] : [applets]), ...request.mounts, ...mounts],
    };
  }

  #makeApplets(): void {
    const applets = join(this.folder, 'applets');
    const program = join(applets, 'busybox');
    mkdirSync(applets);
    copyFileSync(busybox ?? '', program);
    chmodSync(program, 0o755);
    for (const name of execFileSync(program, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
      // Recipes ask for these programs by name.
      if (!['busybox', 'patch', 'wget', 'ar'].includes(name))
        symlinkSync('busybox', join(applets, name));
    }
  }

  /** Runs the test of a recipe's main package, in which nothing is installed. */
  async test(
    recipe: string,
    git: GitSources,
  ): Promise<{ readonly outcome: TestPackageOutcome; readonly log: readonly string[] }> {
    const blobs = new MemoryBlobs();
    const compiled = compile(recipe, 'r.yaml');
    const log: string[] = [];
    if (compiled.test === undefined) throw new Error('no test');
    const outcome = await testPackage({
      packageName: compiled.package.name,
      test: compiled.test,
      variables: [compiled.environment.environment],
      environmentRoots: [this.root],
      sideFiles: [],
      sandbox: this.sandbox(),
      workspaces: await this.#workspaces(),
      blobs,
      fetchers: { sources: sourcesIn(blobs, {}), git },
      clock: systemClock,
      onLog: ({ step, text }) => log.push(`${step} | ${text}`),
    });
    return { outcome, log };
  }

  #workspaces(): Promise<FsWorkspaces> {
    return FsWorkspaces.open({
      directory: join(this.folder, `w-${Math.random().toString(36).slice(2)}`),
    });
  }

  async run(subject: Subject): Promise<Result> {
    const { network, blobs = new MemoryBlobs() } = subject;
    const sideFiles = [];
    for (const [path, text] of Object.entries(subject.side ?? {})) {
      sideFiles.push({ path, mode: 0o644, digest: (await blobs.put(Buffer.from(text))).digest });
    }
    const compiled = compile(subject.recipe, subject.file ?? 'r.yaml');
    const plan = planBuild({
      compiled,
      sideFiles,
      environment: [{ name: 'host', version: '1-r0', checksum: checksumOf(Buffer.from('host')) }],
      variables: {
        CFLAGS: '-O2 -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2',
        LDFLAGS: '-Wl,-z,relro,-z,now,-z,noexecstack',
      },
      sourceDateEpoch: 1_700_000_000,
      namespace: 'example',
      builder: { name: 'kiln', version: '0' },
      network: network === undefined ? undefined : 'observed',
    });
    const log: string[] = [];
    const outcome = await build({
      plan,
      sandbox: this.sandbox(subject.mounts),
      sources: sourcesIn(blobs, subject.sources ?? {}),
      git: subject.git ?? noGit,
      blobs,
      workspaces: await this.#workspaces(),
      environmentRoots: [this.root],
      clock: systemClock,
      timeoutMs: 120_000,
      onLog: ({ step, text }) => log.push(`${step} | ${text}`),
      ...(subject.cpus === undefined ? {} : { cpus: subject.cpus }),
      ...(network === undefined
        ? {}
        : {
            observer: observerOf(network, blobs),
            knownAnswers: network.known,
            timeoutMs: 1_200_000,
          }),
    });
    return { outcome, blobs, log };
  }
}

function compile(recipe: string, file: string): CompiledRecipe {
  return compileRecipe({
    recipe: parseRecipe(recipe, { file }),
    arch: 'x86_64',
    pipelines: definition,
    // As commands print them: what runs is what packages state.
    printScript: (script) => printer.print(script),
  });
}

function observerOf(
  { outside }: NonNullable<Subject['network']>,
  blobs: MemoryBlobs,
): HttpObserver {
  // Nobody listens on the discard port.
  return new HttpObserver({
    blobs,
    ...(outside ?? { proxyVariables: { ALL_PROXY: 'http://127.0.0.1:9' } }),
  });
}

/** Whatever is asked for is what is given here, or nothing at all. */
function sourcesIn(blobs: MemoryBlobs, given: Readonly<Record<string, Uint8Array>>): SourceFetcher {
  return {
    fetch: async ({ uri }) => {
      const stat = await blobs.put(given[uri] ?? new Uint8Array(0));
      return { blob: stat.digest, sizeBytes: stat.sizeBytes, from: 'store' };
    },
  };
}

const noGit: GitSources = {
  fetch: () => Promise.reject(new Error('no repository was to be fetched')),
};

/** The host's program of this name, or undefined. */
export function hostProgram(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).trim();
  } catch {
    // There is none.
    return undefined;
  }
}

const busybox = hostProgram('busybox');

/** The shells that the host has for steps. */
export const shells: readonly Shell[] = busybox === undefined ? ['bash'] : ['bash', 'busybox'];

/** The entries of a package's data segment, as stock tar lists them. */
export async function listing(blobs: MemoryBlobs, digest: `sha256:${string}`): Promise<string> {
  return execFileSync(
    'tar',
    ['-tzv', '--utc', '--full-time', '--warning=no-unknown-keyword', '-f', '-'],
    { input: await blobs.bytes(digest) },
  ).toString();
}

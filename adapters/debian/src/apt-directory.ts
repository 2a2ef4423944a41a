import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KilnError, assert, shorten } from '@kiln/base';
import type { ArchiveSource } from '@kiln/deb822';
import { redactApt } from './redact.ts';

export interface AptDirectoryOptions {
  /** Absolute; made when absent. Everything apt writes goes below it. */
  readonly directory: string;
  readonly source: ArchiveSource;
  readonly type: 'deb' | 'deb-src';
  readonly suite: string;
  /** Whose packages count, in Debian's words; undefined leaves the host's. */
  readonly architecture?: string;
  /** The whole environment of apt: the host's proxies may be in it. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface AptRunOptions {
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const hooks = [
  'APT::Update::Pre-Invoke',
  'APT::Update::Post-Invoke',
  'APT::Update::Post-Invoke-Success',
  'DPkg::Pre-Invoke',
  'DPkg::Post-Invoke',
  'DPkg::Pre-Install-Pkgs',
  'AptCli::Hooks',
  'Acquire::IndexTargets::deb::DEP-11',
  'Dir::Etc::preferences',
  'Dir::Etc::preferencesparts',
  'APT::Architectures',
];

/**
 * The host's apt with state, cache and list of archives of our own: one suite, component main. Proxies and keys are the
 * host's; its hooks and pins are cleared; its package database is not looked at, so nothing counts as installed.
 * Every call holds a lock on the directory, so that several processes may share it.
 */
export class AptDirectory {
  readonly #options: AptDirectoryOptions;

  private constructor(options: AptDirectoryOptions) {
    this.#options = options;
  }

  /** Throws `DEBIAN_APT_FAILED` for a directory that apt's settings cannot name. */
  static async open(options: AptDirectoryOptions): Promise<AptDirectory> {
    const { directory } = options;
    assert(directory.startsWith('/'), 'the apt directory is absolute');
    if (/["\\;{}\n]/.test(directory))
      throw new KilnError(
        'DEBIAN_APT_FAILED',
        `apt takes no such folder: "${shorten(directory)}"`,
        {
          hint: 'apt’s settings cannot name a path with one of " \\ ; { } or a line break in it',
        },
      );
    await mkdir(join(directory, 'lists/partial'), { recursive: true });
    await mkdir(join(directory, 'cache/archives/partial'), { recursive: true });
    await writeFile(join(directory, 'status'), '');
    await writeFile(join(directory, 'archive.sources'), sourcesText(options));
    await writeFile(join(directory, 'apt.conf'), configurationText(options));
    return new AptDirectory(options);
  }

  get directory(): string {
    return this.#options.directory;
  }

  /** Fetches the indexes. Throws `DEBIAN_APT_FAILED`. */
  async update(signal?: AbortSignal): Promise<void> {
    // Without the option a failed download is only a warning.
    const strict = ['-o', 'APT::Update::Error-Mode=any'];
    await this.run(['apt-get', '-q', ...strict, 'update'], { signal, timeoutMs: 300_000 });
  }

  /** The index files on disk, as apt names their kind: `Packages`, `Sources`. */
  async indexFiles(kind: 'Packages' | 'Sources'): Promise<string[]> {
    const format = ['indextargets', '--format', '$(FILENAME)', `Created-By: ${kind}`];
    const text = await this.run(['apt-get', ...format]);
    return text.split('\n').filter((line) => line.startsWith('/'));
  }

  /** Runs `apt-get` or `apt-cache` and returns what it printed. Throws `DEBIAN_APT_FAILED`, hosts redacted. */
  async run(argv: readonly [string, ...string[]], options: AptRunOptions = {}): Promise<string> {
    const { directory, environment } = this.#options;
    const [program, ...rest] = argv;
    const configured = [program, '-c', join(directory, 'apt.conf'), ...rest];
    try {
      const { stdout } = await promisify(execFile)(
        'flock',
        ['-w', '600', join(directory, 'kiln.lock'), ...configured],
        {
          cwd: options.cwd ?? directory,
          env: { ...environment, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
          timeout: options.timeoutMs ?? 900_000,
          killSignal: 'SIGKILL',
          maxBuffer: 256 * 2 ** 20,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
      );
      return stdout;
    } catch (error) {
      throw aptFailed(program, (error as { stderr?: string }).stderr ?? '');
    }
  }
}

function aptFailed(program: string, stderr: string): KilnError {
  if (stderr.startsWith('flock: failed to execute'))
    return new KilnError('DEBIAN_APT_FAILED', `there is no ${program} on this host`, {
      hint: 'the seed is made of Debian’s packages: use a host with apt',
    });
  // The cause would carry command line and output with the names of hosts; it is left out on purpose.
  return new KilnError('DEBIAN_APT_FAILED', `${program} failed: ${redactApt(stderr)}`, {
    retry: 'later',
    hint: 'check the network, and that apt-get update works on this host',
  });
}

function sourcesText(options: AptDirectoryOptions): string {
  const { source, type, suite } = options;
  const signedBy = source.signedBy?.replaceAll('\n', '\n ');
  return [
    `Types: ${type}`,
    `URIs: ${source.uris.join(' ')}`,
    `Suites: ${suite}`,
    'Components: main',
    ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`]),
    '',
  ].join('\n');
}

function configurationText(options: AptDirectoryOptions): string {
  const { directory, architecture } = options;
  const settings: readonly (readonly [string, string])[] = [
    ['Dir::Etc::sourcelist', `${directory}/archive.sources`],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::Etc::preferences', '/dev/null'],
    ['Dir::Etc::preferencesparts', '/dev/null'],
    ['Dir::State', directory],
    ['Dir::State::lists', `${directory}/lists`],
    ['Dir::State::status', `${directory}/status`],
    ['Dir::State::extended_states', `${directory}/extended_states`],
    ['Dir::Cache', `${directory}/cache`],
    // Hosts that want small disks switch these off, and each call then takes seconds.
    ['Dir::Cache::pkgcache', 'pkgcache.bin'],
    ['Dir::Cache::srcpkgcache', 'srcpkgcache.bin'],
    ['Dir::Log', `${directory}/log`],
    ['Acquire::Languages', 'none'],
    ['Acquire::GzipIndexes', 'false'],
    ['Acquire::Retries', '2'],
    ['Acquire::http::Timeout', '30'],
    ['Acquire::https::Timeout', '30'],
    ['APT::Sandbox::User', ''],
    ['APT::Install-Recommends', 'false'],
    ['APT::Install-Suggests', 'false'],
    ...(architecture === undefined
      ? []
      : ([
          ['APT::Architecture', architecture],
          ['APT::Architectures', architecture],
        ] as const)),
  ];
  return [
    ...hooks.map((name) => `#clear ${name};`),
    ...settings.map(([name, value]) => `${name} "${value}";`),
    '',
  ].join('\n');
}

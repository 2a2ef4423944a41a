import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testKey, testPackage, testRepository, type TestFiles } from '@kiln/apk-client/testing';
import { generateKeyFiles } from '@kiln/apk-files';
import { KilnError, systemRandom } from '@kiln/base';
import { parseInvocation, type Command, type Output } from '../command.ts';
import { packageBuild } from '../commands/package-build.ts';
import { packageTest } from '../commands/package-test.ts';
import { readConfig } from '../config.ts';
import { ranMelange } from '../melange/testing.ts';
import { describeError } from '../report.ts';

/** Programs of the host with the libraries they need, as the files of a guest. */
function hostTools(names: readonly string[]): TestFiles {
  const programs = new Map(
    names.map((name) => [
      `usr/bin/${name}`,
      execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim(),
    ]),
  );
  const libraries = [...programs.values()].flatMap((file) =>
    [...execFileSync('ldd', [file], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(
      ([, library = '']) => library,
    ),
  );
  const files = new Map<string, string | Uint8Array | null>();
  for (const [target, source] of [
    ...programs,
    ...libraries.map((file): [string, string] => [file.replace(/^\/(usr\/)?/, 'usr/'), file]),
  ]) {
    const parts = path.dirname(target).split('/');
    for (const index of parts.keys()) files.set(parts.slice(0, index + 1).join('/'), null);
    files.set(target, fs.readFileSync(source));
  }
  for (const name of ['bin', 'lib', 'lib64'])
    if (files.has(`usr/${name}`)) files.set(name, `-> usr/${name}`);
  files.set('usr/bin/sh', '-> bash');
  files.set('etc', null);
  files.set('etc/passwd', 'build:x:1000:1000::/home/build:/bin/sh\n');
  return Object.fromEntries(files);
}

export function optionWords(options: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
}

export interface TestRun {
  readonly code: number;
  readonly rows: readonly {
    readonly recipe: string;
    readonly result: string;
    readonly touched?: boolean;
    readonly packages: readonly { readonly file: string; readonly checksum: string }[];
  }[];
  readonly talk: string;
}

/** For tests: a folder with a repository of a few programs, a signing key, a cache and what is built. */
export class PackageBuilds implements Disposable {
  readonly folder: string = fs.mkdtempSync(path.join(tmpdir(), 'kiln-package-build-'));

  /** With these programs of the host in the package `tools`. */
  static async open(programs: readonly string[]): Promise<PackageBuilds> {
    const builds = new PackageBuilds();
    const repositoryKey = testKey('tools.rsa.pub');
    // Pipelines ask for their programs by the names of packages.
    const provides = programs.map((name) => `${name}=1`);
    const tools = testPackage('tools=1-r0', hostTools(programs), { provides });
    for (const [file, bytes] of testRepository([tools], repositoryKey))
      builds.put(`tools/${file}`, bytes);
    builds.put('tools.rsa.pub', repositoryKey.publicPem);
    await generateKeyFiles({
      path: path.join(builds.folder, 'own.rsa'),
      bits: 2048,
      present: 'refuse',
      random: systemRandom,
    });
    return builds;
  }

  put(file: string, content: string | Uint8Array): string {
    const full = path.join(this.folder, file);
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(full, content);
    return full;
  }

  /** The words of `kiln package build` that a test does not care about. */
  get words(): readonly string[] {
    return optionWords({
      arch: 'x86_64',
      repository: path.join(this.folder, 'tools'),
      keyring: path.join(this.folder, 'tools.rsa.pub'),
      date: '1700000000',
      'signing-key': path.join(this.folder, 'own.rsa'),
      'out-dir': path.join(this.folder, 'packages'),
      'cache-dir': path.join(this.folder, 'cache'),
    });
  }

  /** Runs `kiln package build`; `onTalk` hears what it says. */
  async build(
    recipe: string,
    words: readonly string[] = [],
    onTalk: (text: string) => void = () => undefined,
  ): Promise<TestRun> {
    const all = [recipe, '--json', ...this.words, ...words];
    const { code, out, talk } = await run(packageBuild, all, onTalk);
    return { code, rows: JSON.parse(out) as TestRun['rows'], talk };
  }

  /** Runs `kiln package test` on what was built. */
  async test(
    recipe: string,
    words: readonly string[] = [],
  ): Promise<Pick<TestRun, 'code' | 'talk'>> {
    const options = {
      arch: 'x86_64',
      repository: path.join(this.folder, 'tools'),
      keyring: path.join(this.folder, 'tools.rsa.pub'),
      'signing-key': path.join(this.folder, 'own.rsa'),
      'out-dir': path.join(this.folder, 'packages'),
      'cache-dir': path.join(this.folder, 'cache'),
    };
    return run(packageTest, [recipe, ...optionWords(options), ...words]);
  }

  /** Runs `kiln package build`, or `test`, without a key; packages go into the folder `unsigned`. */
  async unsigned(
    command: 'build' | 'test',
    ...recipe: readonly string[]
  ): Promise<Pick<TestRun, 'code' | 'talk'>> {
    const options = {
      arch: 'x86_64',
      repository: path.join(this.folder, 'tools'),
      keyring: path.join(this.folder, 'tools.rsa.pub'),
      'out-dir': path.join(this.folder, 'unsigned'),
      'cache-dir': path.join(this.folder, 'cache'),
    };
    return run(command === 'build' ? packageBuild : packageTest, [
      ...recipe,
      ...optionWords(options),
    ]);
  }

  /** Runs `kiln melange`; packages go into the folder `melange`. */
  async melange(words: readonly string[]): Promise<Pick<TestRun, 'code' | 'talk'>> {
    const [command = '', ...rest] = words;
    const options = {
      arch: 'x86_64',
      'repository-append': path.join(this.folder, 'tools'),
      'keyring-append': path.join(this.folder, 'tools.rsa.pub'),
      'apk-cache-dir': path.join(this.folder, 'cache/apk'),
      runner: 'bubblewrap',
      ...(command === 'build' ? { 'out-dir': path.join(this.folder, 'melange') } : {}),
    };
    return ranMelange([command, ...optionWords(options), ...rest], {
      ...process.env,
      XDG_CACHE_HOME: path.join(this.folder, 'cache'),
    });
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.folder, { recursive: true });
  }
}

async function run(
  command: Command,
  words: readonly string[],
  onTalk: (text: string) => void = () => undefined,
): Promise<{ readonly code: number; readonly out: string; readonly talk: string }> {
  let out = '';
  let talk = '';
  const print: Output = {
    data: (text) => void (out += text),
    talk: (text) => {
      talk += text;
      onTalk(text);
    },
  };
  const code = await command.run(parseInvocation(command, words, readConfig({}), print));
  return { code, out, talk };
}

/** What a command that fails with an error of ours says of it. */
export async function failureOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    if (error instanceof KilnError) return describeError(error);
    throw error;
  }
  throw new Error('it did not fail');
}

import { shorten, withoutUserInfo } from '@kiln/base';

const linesMax = 20;
const lineCharactersMax = 500;

/** The last lines of a step's output, for the error: at most 20 of at most 500 characters, without passwords of addresses. */
export class OutputTail {
  readonly #lines: string[] = [];

  push(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push(line);
    if (this.#lines.length > linesMax) this.#lines.shift();
  }

  get lines(): readonly string[] {
    return this.#lines.map((line) => shorten(withoutUserInfo(line), lineCharactersMax));
  }
}

/** Steps of a build or a test without network, with an observed one, or with that of the machine. */
export type Situation = 'build' | 'test' | 'observed' | 'open';

/** What kinds of trouble say of themselves, and what helps. */
const troubles: readonly {
  readonly says: RegExp;
  readonly hint: string;
  /** Where it depends on it. */
  readonly in?: Partial<Readonly<Record<Situation, string>>>;
}[] = [
  {
    says: /no space left on device/i,
    hint: 'the disk of the build is full: make room, or build in a folder with more (TMPDIR)',
  },
  {
    says: /could ?n[o']t resolve host|temporary failure in name resolution|name or service not known|network is unreachable|no such host|getaddrinfo|bad address/i,
    hint: 'steps have no network: fetch what they need as a source, or say why the recipe needs it under kiln.network',
    in: {
      observed:
        'the network is there for programs that use a proxy: HTTP_PROXY and HTTPS_PROXY name it',
      test: 'tests have no network; kiln package test --network gives them one, and shows what they fetch',
      open: 'steps have the network of this machine: check the address, and whether it is reached from here',
    },
  },
  {
    says: /: operation not permitted$/i,
    hint: 'what it tries takes rights that steps do not have: devices, other owners, mounts',
  },
  {
    says: /: (?:line \d+: )?[^:]*: (?:command )?not found$/i,
    hint: 'add the package with that program to environment.contents.packages',
  },
];

/** What a person can do about a step that ended so. */
export function hintOf(
  exitCode: number,
  lines: readonly string[],
  situation: Situation = 'build',
): string {
  const found = troubles.find(({ says }) => lines.some((line) => says.test(line)));
  if (found !== undefined) return found.in?.[situation] ?? found.hint;
  if (exitCode === 127)
    return 'a program is missing: add its package to environment.contents.packages';
  if (exitCode === 126) return 'a program may not be executed: check its mode and its interpreter';
  if (exitCode === 137) return 'something killed the step, often the kernel for want of memory';
  return 'its log says why';
}

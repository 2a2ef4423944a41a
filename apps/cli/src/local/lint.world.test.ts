import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checksumRecord, controlSegment, parsePackageInfo } from '@kiln/apk';
import { gzipBytes } from '@kiln/gzip';
import { defaultPolicy } from '@kiln/lint';
import { fileEntry, tarBytes } from '@kiln/tar';
import { parseInvocation } from '../command.ts';
import { packageLint } from '../commands/package-lint.ts';
import { readConfig } from '../config.ts';
import { lintRequireDefault, lintWarnDefault } from '../melange/build-flags.ts';
import { ranMelange } from '../melange/testing.ts';

const testdata = fileURLToPath(
  new URL('../../../../engines/lint/testdata/melange/lint', import.meta.url),
);

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'kiln-lint-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

async function melangeLint(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const { code, talk } = await ranMelange(['lint', ...words]);
  return { code, lines: talk.trimEnd().split('\n') };
}

interface Run {
  readonly command: string;
  readonly exit: number;
  readonly log: readonly string[];
}

/** Every `melange lint` of the set: the package's file, the flags, the outcome. */
const runs = fs.readdirSync(testdata).flatMap((name) => {
  const expected = path.join(testdata, name, 'expected');
  const result = JSON.parse(fs.readFileSync(path.join(expected, 'result.json'), 'utf8')) as {
    readonly files: Readonly<Record<string, Readonly<Record<'default' | 'all', Run>>>>;
  };
  return Object.entries(result.files).flatMap(([file, { default: plain, all }]) =>
    [plain, all].map((run) => ({
      name: `${file}${run === all ? ' with all linters' : ''}`,
      flags: run.command.split(' ').slice(2, -1),
      file: path.join(expected, file),
      run,
    })),
  );
});

describe('kiln melange lint', () => {
  test('has runs to compare with', () => {
    expect(runs.length).toBeGreaterThan(20);
    expect(runs.some(({ run }) => run.exit === 1)).toBe(true);
  });

  test.each(runs)('says of $name what melange says', async ({ flags, file, run }) => {
    const { code, lines } = await melangeLint(...flags, file);
    expect(code).toBe(run.exit);
    expect(lines.filter((line) => /^(WARN|ERRO) /.test(line))).toEqual(run.log);
  });

  test('persists under melange’s names, the doubled epoch included', async () => {
    const file = path.join(testdata, 'required/expected/lint-required-1.0.0-r0.apk');
    const flags = ['--persist-lint-results', '--out-dir', folder];
    expect((await melangeLint(...flags, file)).code).toBe(1);
    const name = path.join(folder, 'x86_64/lint-lint-required-1.0.0-r0.json');
    expect(JSON.parse(fs.readFileSync(name, 'utf8'))).toMatchObject({
      package_name: 'lint-required-1.0.0-r0-r0',
      findings: { dev: [{ message: 'lint-required writes to /dev' }] },
    });
  });

  test('looks at all packages, and names those that it cannot read', async () => {
    const broken = path.join(folder, 'broken.apk');
    fs.writeFileSync(broken, 'no package');
    const good = path.join(testdata, 'required-clean/expected/lint-required-clean-1.0.0-r0.apk');
    const { code, lines } = await melangeLint(broken, path.join(folder, 'none.apk'), good);
    expect(code).toBe(1);
    expect(lines).toContain(
      'WARN [maninfo] lint-required-clean contains 1 man/info file but is not a documentation package',
    );
    expect(lines.at(-2)).toMatch(/^ERRO .*broken\.apk: /);
    expect(lines.at(-1)).toMatch(/^.*none\.apk: no such file$/);
  });

  test('refuses linters that nobody knows', async () => {
    expect((await melangeLint('--lint-warn', 'nope', 'x.apk')).lines).toEqual([
      'ERRO unknown linter: "nope"',
      '  hint: the linters are listed in docs/linters.md',
    ]);
  });
});

test('the default of the flags are the linters’ own', () => {
  expect({ required: lintRequireDefault, warn: lintWarnDefault }).toEqual(defaultPolicy);
});

describe('a package that means harm', () => {
  function packageOf(fields: string, file: string, melangeYaml = '{}'): string {
    const content = Buffer.from('x');
    const sha1 = createHash('sha1').update(content).digest('hex');
    const entry = fileEntry(file, 1, { pax: new Map([[checksumRecord, Buffer.from(sha1)]]) });
    const data = gzipBytes(tarBytes([{ entry, content }]));
    const info = parsePackageInfo(`pkgname = evil\npkgver = 1-r0\n${fields}`);
    const control = controlSegment({
      info: { ...info, dataHash: createHash('sha256').update(data).digest('hex') },
      melangeYaml,
      scripts: new Map(),
      mtimeSeconds: 0,
    });
    const name = path.join(folder, 'evil.apk');
    fs.writeFileSync(name, Buffer.concat([control, data]));
    return name;
  }

  test('writes its results nowhere else', async () => {
    const flags = ['--persist-lint-results', '--out-dir', path.join(folder, 'out')];
    const file = packageOf('arch = ../../elsewhere', 'opt/x');
    const { code, lines } = await melangeLint(...flags, file);
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatch(/^ERRO no name of a file or folder: /);
    expect(fs.readdirSync(folder)).toEqual(['evil.apk']);
  });

  test('has no recipe, which is told unless results are written, and no architecture', async () => {
    const file = packageOf('', 'usr/lib/x.so', 'no: YAML: at all');
    const finding = '[lddcheck] evil contains shared objects but';
    expect((await melangeLint(file)).lines).toContain(`WARN ${finding} missing .melange.yaml`);
    const flags = ['--persist-lint-results', '--out-dir', path.join(folder, 'out')];
    expect((await melangeLint(...flags, file)).lines).toContain(
      `WARN ${finding} test/ldd-check is not configured`,
    );
    expect(fs.readdirSync(path.join(folder, 'out'))).toEqual(['lint-evil-1-r0-r0.json']);
  });

  test('does not move the cursor', async () => {
    const file = packageOf('arch = x86_64', 'opt/\u001b[2Jx');
    const { lines } = await melangeLint(file);
    expect(lines).toContain(String.raw`WARN     - opt/\x1b[2Jx`);
  });
});

describe('kiln package lint', () => {
  async function lint(...words: readonly string[]): Promise<{ code: number; out: string }> {
    let out = '';
    const print = { data: (text: string) => void (out += text), talk: () => {} };
    const code = await packageLint.run(parseInvocation(packageLint, words, readConfig({}), print));
    return { code, out };
  }
  const required = path.join(testdata, 'required/expected/lint-required-1.0.0-r0.apk');

  test('refuses what a required linter finds, and warns of the rest', async () => {
    const { code, out } = await lint(required);
    expect(code).toBe(3);
    expect(out).toMatch(
      /: 8 failures, \d+ warnings?\nfailure \[dev\] lint-required writes to \/dev\n/,
    );
    expect(await lint('--require', 'varempty', '--warn', '', '--json', required)).toMatchObject({
      code: 3,
      out: expect.stringContaining('"linter": "varempty"'),
    });
    expect(await lint('--require', '', '--warn', 'srv', required)).toMatchObject({
      code: 0,
      out: `${required}: 0 failures, 0 warnings\n`,
    });
  });

  test('demotes what the package’s own recipe disables', async () => {
    const file = path.join(testdata, 'disabled-leak/expected/lint-disabled-1.0.0-r0.apk');
    const { code, out } = await lint('--json', file);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { name: 'lint-disabled', failures: [], warnings: [{ linter: 'setuidgid' }] },
    ]);
  });
});

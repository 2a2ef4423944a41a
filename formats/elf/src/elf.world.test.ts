import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readElf, type ElfFile } from './elf.ts';
import { inspectHardening, type HardeningCheckName, type HardeningVerdict } from './hardening.ts';
import { byteSource } from './source.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-elf-'));
  writeFileSync(
    join(folder, 'main.c'),
    '#include <stdio.h>\n#include <string.h>\nint main(int c, char **v) { char b[64]; strcpy(b, v[0]); printf("%s %d\\n", b, c); return 0; }\n',
  );
  writeFileSync(join(folder, 'lib.c'), 'int answer(void) { return 42; }\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function compile(source: string, ...flags: readonly string[]): Promise<ElfFile> {
  const output = join(folder, 'out');
  execFileSync('gcc', [join(folder, source), '-o', output, ...flags], { stdio: 'pipe' });
  const elf = await readElf(byteSource(readFileSync(output)));
  if (elf === undefined) throw new Error('no ELF file');
  return elf;
}

function verdicts(elf: ElfFile): Partial<Record<HardeningCheckName, HardeningVerdict>> {
  return Object.fromEntries(inspectHardening(elf).map(({ check, verdict }) => [check, verdict]));
}

const hardened = [
  '-O2',
  '-fPIE',
  '-pie',
  '-fstack-protector-strong',
  '-U_FORTIFY_SOURCE',
  '-D_FORTIFY_SOURCE=3',
  '-Wl,-z,relro,-z,now,-z,noexecstack',
];

test('a hardened program passes every check', async () => {
  const elf = await compile('main.c', ...hardened);
  expect(elf).toMatchObject({
    bits: 64,
    type: 'shared',
    interpreter: expect.stringMatching(/ld-linux/),
    dynamic: true,
  });
  expect(elf.needed).toContain('libc.so.6');
  expect(new Set(Object.values(verdicts(elf)))).toEqual(new Set(['passed']));
});

test('a program without any measure fails those that can be seen', async () => {
  const elf = await compile(
    'main.c',
    '-O2',
    '-no-pie',
    '-fno-stack-protector',
    '-U_FORTIFY_SOURCE',
    '-Wl,-z,norelro,-z,lazy,-z,execstack',
  );
  expect(verdicts(elf)).toEqual({
    pie: 'failed',
    relro: 'failed',
    'bind-now': 'failed',
    'executable-stack': 'failed',
    'stack-protector': 'unknown',
    fortify: 'failed',
  });
});

test('a static program is judged by its symbol table, and is unknown without one', async () => {
  const flags = ['-O2', '-static-pie', '-fPIE', '-fstack-protector-strong'];
  expect(verdicts(await compile('main.c', ...flags))).toMatchObject({
    pie: 'passed',
    'stack-protector': 'passed',
  });
  const stripped = await compile('main.c', ...flags, '-s');
  expect(stripped.interpreter).toBeUndefined();
  expect(verdicts(stripped)).toMatchObject({ pie: 'passed', fortify: 'unknown' });
});

test('a library says its own name and what it exports', async () => {
  const elf = await compile(
    'lib.c',
    '-shared',
    '-fPIC',
    '-Wl,-soname,libanswer.so.4.2',
    '-Wl,-rpath,/opt/a:/opt/b',
  );
  expect(elf.sonames).toEqual(['libanswer.so.4.2']);
  expect(elf.runpath).toEqual(['/opt/a', '/opt/b']);
  expect(elf.symbols?.exports.has('answer')).toBe(true);
  expect(verdicts(elf)['pie']).toBe('not-applicable');
});

test('symbols are found through either hash table, with and without section headers', async () => {
  for (const style of ['sysv', 'gnu', 'both']) {
    const elf = await compile('main.c', ...hardened, `-Wl,--hash-style=${style}`);
    expect(elf.symbols?.imports.has('__stack_chk_fail')).toBe(true);
  }
});

test('an object file is not judged', async () => {
  const elf = await compile('lib.c', '-c');
  expect(elf.type).toBe('relocatable');
  expect(inspectHardening(elf)).toEqual([]);
});

test('every program of the host is read', async () => {
  for (const path of ['/bin/ls', '/bin/bash', process.execPath]) {
    expect((await readElf(byteSource(readFileSync(path))))?.dynamic).toBe(true);
  }
});

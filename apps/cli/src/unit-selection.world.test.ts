import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { selectUnitTests } from './unit-selection.ts';

let root = '';

function write(file: string, text: string): void {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), text);
}

function git(...words: string[]): string {
  return execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@t', ...words], {
    encoding: 'utf8',
  });
}

/** The files that are named to vitest; undefined when it runs everything. */
function selected(): readonly string[] | undefined {
  const { argv } = selectUnitTests(root, true);
  return argv[0] === 'run' ? undefined : argv.slice(3);
}

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-selection-'));
  onTestFinished(() => fs.rmSync(root, { recursive: true, force: true }));
  git('init', '-q');
  write('.gitignore', 'node_modules/\n');
  write('base/src/a.ts', 'a');
  write('base/src/testdata/b.ts', 'b');
  write('base/README.md', 'r');
  write('catalog/c.yaml', 'c');
  write('tools/tidy/src/tidy.test.ts', 't');
  git('add', '.');
  git('commit', '-qm', 'first');
});

describe('a hurried run', () => {
  const tidy = 'tools/tidy/src/tidy.test.ts';

  test('runs everything until everything has passed, and after anything but sources and pages changed', () => {
    expect(selected()).toBeUndefined();
    const { passed } = selectUnitTests(root, true);
    passed();
    expect(selected()).toEqual([tidy]);
    for (const file of ['catalog/c.yaml', 'base/src/testdata/b.ts', 'package.json']) {
      write(file, 'changed');
      expect(selected()).toBeUndefined();
      selectUnitTests(root, true).passed();
      expect(selected()).toEqual([tidy]);
    }
    fs.rmSync(path.join(root, 'base/src/a.ts'));
    expect(selected()).toBeUndefined();
  });

  test('names the sources that differ from those that passed, committed or not', () => {
    selectUnitTests(root, true).passed();
    write('base/src/a.ts', 'changed');
    write('base/src/new.ts', 'new');
    write('base/README.md', 'changed');
    expect(selected()).toEqual(['base/src/a.ts', 'base/src/new.ts', tidy]);
    git('add', '.');
    git('commit', '-qm', 'second');
    expect(selected()).toEqual(['base/src/a.ts', 'base/src/new.ts', tidy]);
    write('base/src/a.ts', 'a');
    expect(selected()).toEqual(['base/src/new.ts', tidy]);
  });

  test('leaves the clone as it is', () => {
    write('base/src/new.ts', 'new');
    const objects = git('count-objects');
    selectUnitTests(root, true).passed();
    expect(git('count-objects')).toBe(objects);
    expect(git('status', '--porcelain')).toBe('?? base/src/new.ts\n');
  });

  test('runs everything where there is no clone', () => {
    fs.rmSync(path.join(root, '.git'), { recursive: true });
    selectUnitTests(root, true).passed();
    expect(selected()).toBeUndefined();
  });
});

test('a whole run runs everything, whatever has passed', () => {
  selectUnitTests(root, true).passed();
  expect(selectUnitTests(root, false).argv).toEqual(['run']);
});

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ranMelange } from './testing.ts';

const testdata = fileURLToPath(new URL('../../../../formats/recipe/testdata/', import.meta.url));
const cases = fs.readdirSync(testdata).filter((name) => !name.includes('.'));

/** Flags that only `build` has, with their value. */
const ofBuildOnly = '--override-host-triplet-libc-substitution-flavor';

function wordsOf(folder: string): string[] {
  const file = path.join(folder, 'args');
  const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : [];
  const words: string[] = ['--arch', 'x86_64'];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const [name = line, value] = line.split('=');
    if (line === ofBuildOnly) at += 1;
    else if (name === 'arch') words[1] = value ?? '';
    else if (line.endsWith('.env') || line.endsWith('.yaml')) words.push(path.join(folder, line));
    else if (line !== '' && name !== 'env') words.push(line);
  }
  const pipelines = path.join(folder, 'pipelines');
  return fs.existsSync(pipelines) ? [...words, '--pipeline-dir', pipelines] : words;
}

test.each(cases)('kiln melange compile prints "%s" as melange does', async (name) => {
  const folder = path.join(testdata, name);
  const { code, out, talk } = await ranMelange([
    'compile',
    path.join(folder, 'recipe.yaml'),
    ...wordsOf(folder),
    '--git-commit',
    '0123456789abcdef0123456789abcdef01234567',
    '--git-repo-url',
    'https://git.example.org/team/recipes',
  ]);
  expect({ code, talk }).toEqual({ code: 0, talk: '' });
  // Some cases were recorded without output, since `compile` does not know their flag; paths of scratch folders were cut.
  const recorded = fs
    .readFileSync(path.join(folder, 'compile.json'), 'utf8')
    .replaceAll('<tmp>', '/tmp/');
  expect(recorded === '' ? '' : out).toBe(recorded);
});

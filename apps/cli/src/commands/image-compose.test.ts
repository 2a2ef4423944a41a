import { Readable } from 'node:stream';
import { emptyImageConfig, imageConfigYaml, parseImageConfig } from '@kiln/image-config';
import { expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { readConfig } from '../config.ts';
import { Asked, imageCompose, overlayOfFile } from './image-compose.ts';

test('nothing of an overlay file is lost: what the factory refuses, it has to see', () => {
  const text = 'include: x.yaml\nvcs-url: https://example.org/a@b\nwork-dir: /a\n';
  const own = { ...emptyImageConfig, workDir: '/b' };
  expect(
    parseImageConfig(imageConfigYaml(overlayOfFile(parseImageConfig(text, 'f'), own)), 'g'),
  ).toEqual({
    ...own,
    include: 'x.yaml',
    vcsUrl: 'https://example.org/a@b',
  });
});

test('the factory gets every line of a file, so that both count alike, and answers those with words', async () => {
  const text = '{"a": 1}\n\n  \n{"b": 2}';
  const asked = new Asked(Readable.from([Buffer.from(text)]));
  let sent = '';
  for await (const line of asked.read()) sent += Buffer.from(line).toString();
  expect([sent, asked.lines]).toEqual([`${text}\n`, [1, 4]]);
});

test.each([
  ['to', 'custom/a'],
  ['env', 'A=b'],
  ['sbom-formats', 'spdx'],
])('--%s is no option of many images: it is not passed over', async (name, value) => {
  const words = ['--from', 'many.jsonl', '--json', `--${name}`, value];
  const print = { data: () => undefined, talk: () => undefined };
  const run = imageCompose.run(parseInvocation(imageCompose, words, readConfig({}), print));
  await expect(run).rejects.toMatchObject({
    code: 'USAGE',
    message: `--${name} and --from do not go together: each line has its own`,
  });
});

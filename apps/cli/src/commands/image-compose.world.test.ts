import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { readConfig } from '../config.ts';
import { imageCompose } from './image-compose.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-compose-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));
const print = { data: () => undefined, talk: () => undefined };

test.each([
  ['bytes that are no text', Buffer.from('environment: {A: "\xff"}', 'latin1'), 'not UTF-8'],
  ['more than any configuration has', Buffer.alloc(17 * 2 ** 20, 0x20), 'is larger than'],
])('an overlay of %s is refused where it is read', async (_, bytes, words) => {
  const overlay = path.join(folder, 'overlay.yaml');
  fs.writeFileSync(overlay, bytes);
  const config = readConfig({ KILN_HOME: folder });
  const invocation = parseInvocation(
    imageCompose,
    ['nginx', overlay, '--to', 'custom/nginx'],
    config,
    print,
  );
  await expect(imageCompose.run(invocation)).rejects.toThrow(words);
});

import { parseRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { requireGuest } from './guest-problems.ts';

const environmentOf = (text: string) =>
  parseRecipe(`package: {name: a, version: "1"}\nenvironment: ${text}\n`, {
    file: 'a.yaml',
    dialect: 'melange',
  }).environment;

test('an environment that apko makes no guest of is refused', () => {
  for (const text of [
    '{accounts: {users: [{username: u, uid: 0}]}}',
    '{accounts: {users: [{username: "", uid: 5}]}}',
    '{accounts: {groups: [{groupname: "", gid: 5}]}}',
    '{contents: {packages: [""]}}',
    '{contents: {baseimage: {image: a, apkindex: b}}}',
  ])
    expect(() => requireGuest(environmentOf(text)), text).toThrow(
      expect.objectContaining({ code: 'IMAGE_CONFIG_INVALID' }),
    );
  requireGuest(environmentOf('{contents: {packages: [busybox]}}'));
});

import { describe, expect, test } from 'vitest';
import { overlayBytesMax } from './composition.ts';
import { parseOverlay } from './overlay.ts';

describe('an overlay', () => {
  test('is an image configuration', () => {
    const { environment, contents } = parseOverlay(
      '{environment: {A: b}, contents: {packages: ["!a"]}}',
    );
    expect(environment).toEqual({ A: 'b' });
    expect(contents.packages).toEqual(['!a']);
  });

  test.each([
    ['accounts: {users: [{username: "a:x:0:0::/:/bin/sh\\nb", uid: 7}]}', 'no name of a user'],
    [
      'accounts: {users: [{username: a, uid: 7, shell: "/a\\nb:x:0:0::/:/a"}]}',
      'no path of a shell',
    ],
    ['accounts: {groups: [{groupname: a, gid: 7, members: ["b\\nc:x:0:d"]}]}', 'no name of a user'],
    ['environment: {"A=B": c}', 'no name of a variable'],
  ])('may not write other lines than its own: %s', (text, words) => {
    expect(() => parseOverlay(text)).toThrow(
      expect.objectContaining({
        code: 'IMAGE_CONFIG_INVALID',
        message: expect.stringMatching(new RegExp(`^overlay:1:[0-9]+: .*${words}`)),
      }),
    );
  });

  test.each([
    ['contents: {repositories: [/x]}', 'COMPOSE_OVERLAY_KEY', 'contents.repositories'],
    ['archs: [x86_64]', 'COMPOSE_OVERLAY_KEY', 'archs'],
    [`cmd: ${'a'.repeat(overlayBytesMax)}`, 'COMPOSE_OVERLAY_LARGE', '64 KiB'],
  ])('has no more than it may: %.40s', (text, code, words) => {
    expect(() => parseOverlay(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
  });
});

import { KilnError } from '@kiln/base';
import { describe, expect, test } from 'vitest';
import { checkImageConfig, mergeImageConfig, parseImageConfig } from './index.ts';

/** The words of a refusal, its place first. */
function refusal(text: string): string {
  try {
    parseImageConfig(text, 'image.yaml');
  } catch (error) {
    if (error instanceof KilnError && error.code === 'IMAGE_CONFIG_INVALID') return error.message;
    throw error;
  }
  return 'taken';
}

const user = (members: object): string =>
  JSON.stringify({ accounts: { users: [{ username: 'a', uid: 7, ...members }] } });
const group = (members: object): string =>
  JSON.stringify({ accounts: { groups: [{ groupname: 'a', gid: 7, ...members }] } });

describe('what would be more than one field of an account file is refused at its place', () => {
  describe('a symlink that nothing can unpack is refused at its place', () => {
    const link = (source: string): string =>
      JSON.stringify({ paths: [{ path: '/l', type: 'symlink', source }] });
    test.each([
      ['to nothing', '{"paths": [{"path": "/l", "type": "symlink"}]}', '1:12: a symlink without'],
      ['to an empty name', link(''), 'a symlink without a source'],
      ['of many bytes', link('d'.repeat(4096)), 'is too long a path'],
    ])('%s', (_what, text, words) => {
      expect(refusal(text)).toContain(words);
      expect(() => parseImageConfig(text, 'image.yaml', 'apko')).not.toThrow();
    });

    test('others are taken', () => {
      expect(refusal(link('d/'.repeat(2047)))).toBe('taken');
      expect(refusal(link('..'))).toBe('taken');
    });
  });

  test.each([
    [
      'user',
      user({ username: 'x:x:0:0::/:/bin/sh\nroot2' }),
      '1:35: "x:x:0:0::/:/bin/sh\\x0aroot2"',
    ],
    ['user with a blank', user({ username: 'a b' }), '1:35: "a b" is no name of a user'],
    ['user with a slash', user({ username: '../a' }), '1:35: "../a" is no name of a user'],
    ['user like an option', user({ username: '-a' }), '1:35: "-a" is no name of a user'],
    ['shell', user({ shell: '/bin/sh\nroot2:x:0:0::/:/bin/sh' }), '"/bin/sh\\x0aroot2:x:0'],
    ['shell with a colon', user({ shell: '/bin/a:b' }), '1:55: "/bin/a:b" is no path of a shell'],
    ['shell that is not absolute', user({ shell: 'sh' }), '1:55: "sh" is no path of a shell'],
    ['shell with a blank at its end', user({ shell: '/sh ' }), '"/sh " is no path of a shell'],
    ['home', user({ homedir: '/h:/bin/sh\nroot2' }), '1:57: "/h:/bin/sh\\x0aroot2" is no path'],
    ['home that is not absolute', user({ homedir: 'home' }), '1:57: "home" is no path of a home'],
    [
      'group',
      group({ groupname: 'a:x:0:root\nb' }),
      '1:37: "a:x:0:root\\x0ab" is no name of a group',
    ],
    ['member', group({ members: ['b', 'c\nwheel:x:0:c'] }), '1:64: "c\\x0awheel:x:0:c" is no name'],
    ['member of two', group({ members: ['b,root'] }), '1:60: "b,root" is no name of a user'],
    ['member without a name', group({ members: [''] }), '1:60: "" is no name of a user'],
    ['user to run as', '{accounts: {run-as: "a\\n0"}}', '1:21: "a\\x0a0" is no user'],
    [
      'user twice',
      'accounts:\n  users:\n    - {username: a, uid: 7}\n    - {username: a, uid: 8}\n',
      '4:18: "a" is there twice',
    ],
    [
      'group twice',
      'accounts:\n  groups:\n    - {groupname: a, gid: 7}\n    - {gid: 8, groupname: a}\n',
      '4:27: "a" is there twice',
    ],
  ])('%s', (_what, text, words) => {
    expect(refusal(text)).toContain(words);
    expect(() => parseImageConfig(text, 'image.yaml', 'apko')).not.toThrow();
  });

  test.each([
    [user({ username: 'Build_1.x-y$', shell: '/sbin/no login', homedir: '/dev/null' })],
    [user({ username: '65532', shell: '', homedir: '' })],
    [group({ groupname: '_apt', members: ['a', 'b.c'] })],
    ['{accounts: {run-as: "65532:65532"}}'],
  ])('and usual names are not: %s', (text) => {
    expect(refusal(text)).toBe('taken');
  });
});

describe('variables of the environment', () => {
  test.each([
    ['{environment: {"": x}}', '1:20: "" is no name of a variable'],
    ['{environment: {"A=B": c}}', '1:23: "A=B" is no name of a variable'],
    ['{environment: {"A\\nB": c}}', '1:24: "A\\x0aB" is no name of a variable'],
  ])('%s', (text, words) => {
    expect(refusal(text)).toContain(words);
    expect(() => parseImageConfig(text, 'image.yaml', 'apko')).not.toThrow();
  });

  test('may have values of several lines', () => {
    expect(refusal('{environment: {A: "=\\nB=c", b.c-d: x}}')).toBe('taken');
  });
});

describe('a text with a zero byte, which no runtime can start, is refused at its place', () => {
  test.each([
    ['command', '{entrypoint: {command: "/bin/a\\0b"}}', '1:24: "/bin/a\\x00b" has a zero byte'],
    ['shell fragment', '{entrypoint: {shell-fragment: "a\\0"}}', '1:31: "a\\x00" has a zero byte'],
    ['service', '{entrypoint: {services: {a: "b\\0"}}}', '1:29: "b\\x00" has a zero byte'],
    ['words after it', '{cmd: "a\\0"}', '1:7: "a\\x00" has a zero byte'],
    ['signal', '{stop-signal: "\\0"}', '1:15: "\\x00" has a zero byte'],
    ['folder', '{work-dir: "/a\\0"}', '1:12: "/a\\x00" has a zero byte'],
    ['source', '{vcs-url: "a\\0"}', '1:11: "a\\x00" has a zero byte'],
    ['variable', '{environment: {A: "b\\0"}}', '1:19: "b\\x00" has a zero byte'],
    ['annotation', '{annotations: {a: "b\\0"}}', '1:19: "b\\x00" has a zero byte'],
    ['name of an annotation', '{annotations: {"a\\0": b}}', '"a\\x00" has a zero byte'],
    ['volume', '{volumes: [/a, "/b\\0"]}', '1:16: "/b\\x00" has a zero byte'],
    ['path', '{paths: [{path: "/a\\0", type: directory}]}', '1:17: "/a\\x00" has a zero byte'],
    [
      'target',
      '{paths: [{path: /a, type: symlink, source: "\\0"}]}',
      '1:44: "\\x00" has a zero byte',
    ],
  ])('%s', (_what, text, words) => {
    expect(refusal(text)).toContain(words);
    expect(() => parseImageConfig(text, 'image.yaml', 'apko')).not.toThrow();
  });
});

test('what is sound alone is refused when it is merged', () => {
  const one = parseImageConfig(user({}), 'one.yaml');
  const both = mergeImageConfig(one, parseImageConfig(user({ uid: 8 }), 'two.yaml'));
  expect(() => checkImageConfig(both, 'two.yaml')).toThrow('two.yaml: "a" is there twice');
  expect(() => checkImageConfig(both, 'two.yaml', 'apko')).not.toThrow();
});

describe('a path that would take longer to make than anybody waits is refused at its place', () => {
  const made = (path: string): string => JSON.stringify({ paths: [{ path, type: 'directory' }] });
  test.each([
    ['many folders', made('/d'.repeat(255)), '1:19: "/d/d'],
    ['many bytes', made(`/${'d'.repeat(4095)}`), '1:19: "/ddd'],
    ['home in many folders', user({ homedir: '/d'.repeat(255) }), 'too long a path of a home'],
  ])('%s', (_what, text, words) => {
    expect(refusal(text)).toContain(words);
    expect(() => parseImageConfig(text, 'image.yaml', 'apko')).not.toThrow();
  });

  test('others are taken', () => {
    expect(refusal(made('/d'.repeat(254)))).toBe('taken');
    expect(refusal(made(`/${'d'.repeat(4094)}`))).toBe('taken');
  });
});

test.each([
  ['{paths: [{path: /usr/bin/.wh.sh, type: empty-file}]}', '1:17: "/usr/bin/.wh.sh"'],
  ['{paths: [{path: .wh.etc/x, type: directory}]}', '1:17: ".wh.etc/x"'],
  [user({ homedir: '/.wh..wh..opq' }), '"/.wh..wh..opq" would remove other files'],
  ['{entrypoint: {type: service-bundle, services: {.wh.a: b}}}', '".wh.a" would remove'],
])('a path that a layer takes for a whiteout is refused: %s', (text, words) => {
  expect(refusal(text)).toContain(words);
  expect(() => parseImageConfig(text, 'image.yaml', 'apko')).not.toThrow();
  expect(refusal(text.replaceAll('.wh.', '.w.wh.'))).toBe('taken');
});

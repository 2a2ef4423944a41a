import { expect, test } from 'vitest';
import { shownUrl } from './shown-url.ts';

test.each([
  ['HTTP://U:secret@H/r', 'http://U:xxxxx@H/r'],
  ['http://u:@h', 'http://u:xxxxx@h'],
  ['http://u@h', 'http://u@h'],
  ['http://a@b@h/', 'http://a%40b@h/'],
  ['http://u%40x:p@h/', 'http://u%40x:xxxxx@h/'],
  ['/etc/my key.pub', '/etc/my%20key.pub'],
  ['/tmp/é', '/tmp/%C3%A9'],
  ['a%2fb!', 'a%2fb!'],
  ['a"b!', 'a%22b%21'],
  ['a?b c', 'a?b c'],
  ['a#b c', 'a#b%20c'],
  ['x#', 'x'],
  ['*', '*'],
  ['./a:b', './a:b'],
  ['http://?q', 'http:?q'],
  ['http:/x', 'http:/x'],
  ['mailto:a@b:c', 'mailto:a@b:c'],
  ['http://[fe80::1%25en0]:8/x', 'http://[fe80::1%25en0]:8/x'],
  ['http://%c3%a9/', 'http://%C3%A9/'],
])('the address %j is shown as %j', (address, shown) => {
  expect(shownUrl(address)).toBe(shown);
});

test.each([
  'http://h:port/',
  'http://[::1',
  'http://h{}/',
  'a b:c/d',
  'a%2',
  '://x',
  '1:2',
  'x\ty',
])('%j is no address', (text) => {
  expect(() => shownUrl(text)).toThrow(expect.objectContaining({ code: 'IMAGE_CONFIG_INVALID' }));
});

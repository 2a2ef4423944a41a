import { expect, test } from 'vitest';
import { imageUser } from './image-user.ts';

const passwd = 'root:x:0:7::/:/bin/sh\nweb:x:101:102::/:/bin/sh\n33:x:34:35::/:/bin/sh\n';
const group = 'staff:x:50:web\n7:x:8:\n';

test.each([
  ['', 0, 7],
  ['0', 0, 7],
  [':staff', 0, 50],
  ['65532', 65_532, 0],
  ['65532:100', 65_532, 100],
  ['65532:', 65_532, 0],
  ['101', 101, 102],
  ['101:101', 101, 101],
  ['web', 101, 102],
  ['web:staff', 101, 50],
  ['9:staff', 9, 50],
  ['33', 34, 35],
  ['9:7', 9, 8],
  ['4294967294', 4_294_967_294, 0],
])('the user "%s" is that of the image', (text, uid, gid) => {
  expect(imageUser(text, { passwd, group })).toEqual({ uid, gid });
});

test('an image without accounts has numbers alone', () => {
  const nothing = { passwd: '', group: '' };
  expect(imageUser('', nothing)).toEqual({ uid: 0, gid: 0 });
  expect(imageUser('65532', nothing)).toEqual({ uid: 65_532, gid: 0 });
  expect(imageUser('web', nothing)).toBeUndefined();
});

test.each(['nobody', '12abc', '-1', '4294967295', '99999999999', '1:nobody', '1:-1', '--bind'])(
  'the user "%s" is not known there',
  (text) => {
    expect(imageUser(text, { passwd, group })).toBeUndefined();
  },
);

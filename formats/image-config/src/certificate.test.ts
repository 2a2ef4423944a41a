import { expect, test } from 'vitest';
import { pemBlocks } from './certificate.ts';

const block = '-----BEGIN A B-----\nAQID\n-----END A B-----\n';

test('a block is found between other lines, whatever ends them', () => {
  for (const text of [
    block,
    `text\n${block}text`,
    block.replaceAll('\n', ' \r\n'),
    block.trimEnd(),
  ])
    expect(pemBlocks(text)).toEqual([{ label: 'A B', der: Buffer.from([1, 2, 3]) }]);
  expect(pemBlocks(block + block)).toHaveLength(2);
});

test('what does not begin or end a line is no block, nor is what is no Base64', () => {
  for (const text of [
    ` ${block}`,
    `x${block}`,
    `${block.trimEnd()}x`,
    block.replace('AQID', 'AQI'),
  ])
    expect(pemBlocks(text)).toEqual([]);
});

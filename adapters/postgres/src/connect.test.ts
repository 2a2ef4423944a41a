import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { isConnectionLost } from './connect.ts';

test('a socket that is not there is a lost connection', async () => {
  const error = await new Promise((resolve) =>
    connect('/nowhere/.s.PGSQL.5432').on('error', resolve),
  );
  expect(isConnectionLost(error)).toBe(true);
});

test('a file that is not there is none', () => {
  let thrown: unknown;
  try {
    readFileSync('/nowhere/file');
  } catch (error) {
    thrown = error;
  }
  expect([thrown, isConnectionLost(thrown)]).toMatchObject([{ code: 'ENOENT' }, false]);
});

test.each([
  [Object.assign(new Error('the database system is starting up'), { code: '57P03' }), true],
  [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), true],
  [new Error('Connection terminated unexpectedly'), true],
  [new Error('Client has encountered a connection error and is not queryable'), true],
  [Object.assign(new Error('duplicate key value'), { code: '23505' }), false],
  [new Error('there is no such thing'), false],
  [undefined, false],
  ['text', false],
])('%s: %s', (error, lost) => {
  expect(isConnectionLost(error)).toBe(lost);
});

import { expect, test } from 'vitest';
import { licenceShare } from './licence-share.ts';

/** A licence of a hundred words behind its title and a claim. */
const body = Array.from({ length: 100 }, (_, at) => `word${at}`);
const licence = `The Hundred Words License\n\nCopyright (c) <year> <owner>\n\n${body.join(' ')}\n`;

const shareOf = (words: readonly string[]): number => licenceShare(words.join(' '), licence);

test('the whole text, however it is set, is all of it', () => {
  const set = body.map((word) => `${word.toUpperCase()},\n * `).join('');
  expect(licenceShare(`/* Copyright 2020-2026 Somebody\n * ${set}*/`, licence)).toBe(1);
});

test('titles, claims and what stands around do not count', () => {
  const around = Array.from({ length: 500 }, (_, at) => `other${at}`);
  expect(shareOf([...around, ...body, ...around])).toBe(1);
});

test('each word that is changed, added or left out costs its part', () => {
  expect(shareOf(body.with(50, 'other'))).toBeCloseTo(0.99, 10);
  expect(shareOf(body.toSpliced(50, 0, 'not'))).toBeCloseTo(0.99, 10);
  expect(shareOf(body.toSpliced(50, 4))).toBeCloseTo(0.96, 10);
  expect(shareOf(body.map((word, at) => (at % 10 === 9 ? 'x' : word)))).toBeCloseTo(0.9, 10);
  expect(shareOf(body.with(0, 'x').with(99, 'y'))).toBeCloseTo(0.98, 10);
});

test('a text that shares little with it has nothing of it', () => {
  expect(shareOf(body.slice(0, 60))).toBe(0);
  expect(shareOf(body.toReversed())).toBe(0);
  expect(shareOf([])).toBe(0);
});

test('advice to authors behind a licence is no part of it', () => {
  const whole = `${licence}\nEND OF TERMS AND CONDITIONS\n\nHow to apply these terms to your programs\n`;
  expect(licenceShare(body.join(' '), whole)).toBe(1);
});

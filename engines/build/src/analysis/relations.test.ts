import { describe, expect, test } from 'vitest';
import { combineRelations, gatherRelations } from './relations.ts';

const noOptions = {
  noProvides: false,
  noDepends: false,
  noCommands: false,
  noVersionedShlibDeps: false,
};

const findings = [
  { runtime: ['so:b', 'so:own'], provides: ['so:own=1'] },
  { runtime: ['cmd:x', 'so:vendored', 'so:b'], provides: ['cmd:y=1-r0'] },
  { vendored: ['so:vendored=0'], warnings: ['look'] },
];

test('findings are sorted bytewise, each once', () => {
  expect(gatherRelations(findings, noOptions)).toEqual({
    runtime: ['cmd:x', 'so:b', 'so:own', 'so:vendored'],
    provides: ['cmd:y=1-r0', 'so:own=1'],
    vendored: ['so:vendored=0'],
  });
});

test('options drop generated relations only', () => {
  const generated = gatherRelations(findings, { ...noOptions, noCommands: true, noDepends: true });
  const declared = { runtime: ['cmd:declared'], provides: ['cmd:mine=1'] };
  expect(combineRelations(declared, generated)).toMatchObject({
    runtime: ['cmd:declared'],
    provides: ['cmd:mine=1', 'so:own=1'],
  });
  expect(gatherRelations(findings, { ...noOptions, noProvides: true })).toMatchObject({
    provides: [],
    vendored: ['so:vendored=0'],
  });
});

describe('joined with declared ones', () => {
  const generated = gatherRelations(findings, noOptions);

  test('what the package itself provides or vendors is not depended on', () => {
    expect(combineRelations({ runtime: ['z'], provides: ['virtual'] }, generated)).toEqual({
      runtime: ['cmd:x', 'so:b', 'z'],
      provides: ['cmd:y=1-r0', 'so:own=1', 'virtual'],
      vendored: ['so:vendored=0'],
    });
  });

  test('a declared dependency on something vendored stays', () => {
    const declared = { runtime: ['so:vendored'], provides: [] };
    expect(combineRelations(declared, generated).runtime).toContain('so:vendored');
  });

  test('a dependency on a version of a library counts as one on the library', () => {
    const declared = { runtime: ['so-ver:d>=1-r0'], provides: [] };
    const versioned = {
      runtime: ['so-ver:own>=2-r0', 'so-ver:taken>=2-r0', 'so-ver:x>=3-r1'],
      provides: ['so-ver:own=2-r0'],
      vendored: ['so-ver:taken=2-r0'],
    };
    expect(combineRelations(declared, versioned).runtime).toEqual([
      'so-ver:d>=1-r0',
      'so-ver:x>=3-r1',
    ]);
    expect(combineRelations(declared, versioned, 'melange').runtime).toEqual([
      'so-ver:d',
      'so-ver:x',
    ]);
  });
});

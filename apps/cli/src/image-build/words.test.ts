import { describe, expect, test } from 'vitest';
import { annotationsOfFlag } from './annotations.ts';
import { architecturesOfFlag, wantedArchitectures } from './architectures.ts';
import { buildDate } from './build-date.ts';
import { baseNameOf, parseImageName } from './image-name.ts';
import { printReference } from '@kiln/oci';

const usage = expect.objectContaining({ code: 'USAGE' });

describe('annotations', () => {
  test('are split at the first colon', () => {
    expect(annotationsOfFlag(['a.b-1:x:y'])).toEqual({ 'a.b-1': 'x:y' });
  });

  test.each(['a', 'A:b', 'a_b:c', 'a:', ':b'])('"%s" is none', (text) => {
    expect(() => annotationsOfFlag([text])).toThrow(usage);
  });

  test('count once', () => {
    expect(() => annotationsOfFlag(['a:1', 'a:2'])).toThrow(usage);
  });
});

describe('architectures', () => {
  test('are normalised, sorted, and there once', () => {
    expect(architecturesOfFlag(['x86_64', 'arm64', 'amd64', 'mips'])).toEqual([
      'amd64',
      'arm64',
      'mips',
    ]);
    expect(architecturesOfFlag(['all'])).toHaveLength(9);
    expect(architecturesOfFlag(['host'])).toHaveLength(1);
  });

  test('of flags come before those of the configuration, and all are meant otherwise', () => {
    expect(wantedArchitectures(['arm64'], ['amd64'], 'apko')).toEqual(['arm64']);
    expect(wantedArchitectures([], ['s390x', 'amd64'], 'apko')).toEqual(['s390x', 'amd64']);
    expect(wantedArchitectures([], [], 'apko')).toHaveLength(9);
  });

  test('of dialect kiln are there once, known, and this machine’s where nothing names one', () => {
    expect(wantedArchitectures([], ['s390x', 'amd64', 'amd64'], 'kiln')).toEqual([
      'amd64',
      's390x',
    ]);
    expect(wantedArchitectures([], [], 'kiln')).toEqual(architecturesOfFlag(['host']));
    expect(() => wantedArchitectures(['mips'], [], 'kiln')).toThrow(usage);
  });
});

describe('the build date', () => {
  test('is that of the variable, of the flag, or 1970', () => {
    expect(buildDate('', {}, 'apko')).toMatchObject({
      flagSeconds: 0,
      epochSeconds: 0,
      isFixed: false,
    });
    expect(buildDate('2001-09-09T03:46:40+02:00', {}, 'apko')).toMatchObject({ epochSeconds: 1e9 });
    expect(buildDate('2001-09-09T01:46:40Z', { SOURCE_DATE_EPOCH: '5' }, 'apko')).toMatchObject({
      flagSeconds: 1e9,
      epochSeconds: 5,
      isFixed: true,
    });
    expect(buildDate('', { SOURCE_DATE_EPOCH: ' ' }, 'apko')).toMatchObject({
      flagSeconds: 0,
      epochSeconds: 0,
      isFixed: true,
    });
  });

  test('of dialect kiln is that of the flag, or else of the variable', () => {
    const flag = '2001-09-09T01:46:40Z';
    expect(buildDate(flag, { SOURCE_DATE_EPOCH: '5' }, 'kiln')).toMatchObject({
      flagSeconds: 1e9,
      epochSeconds: 1e9,
      isFixed: true,
    });
    expect(buildDate('', { SOURCE_DATE_EPOCH: '5' }, 'kiln')).toMatchObject({ epochSeconds: 5 });
    expect(buildDate('', { SOURCE_DATE_EPOCH: ' ' }, 'kiln')).toMatchObject({ isFixed: false });
  });

  test.each([
    ['', 'soon'],
    ['', '5.5'],
    ['', ' 5'],
    ['2001-09-09', undefined],
    ['2001-09-09T01:46:40', undefined],
    ['yesterday', undefined],
  ])('"%s" and %s are refused', (flag, epoch) => {
    expect(() => buildDate(flag, { SOURCE_DATE_EPOCH: epoch }, 'apko')).toThrow(usage);
  });
});

describe('the name of an image', () => {
  test.each([
    ['registry.example.org/a/b:1', 'registry.example.org/a/b:1', 'b'],
    ['localhost:5000/a', 'localhost:5000/a:latest', 'a'],
  ])('%s', (text, full, base) => {
    const name = parseImageName(text);
    expect(printReference(name)).toBe(full);
    expect(baseNameOf(name)).toBe(base);
  });

  test('without a registry is docker’s', () => {
    expect(parseImageName('nginx:test')).toMatchObject({
      repository: 'library/nginx',
      tag: 'test',
    });
    expect(parseImageName('team/nginx')).toMatchObject({ repository: 'team/nginx', tag: 'latest' });
  });
});
